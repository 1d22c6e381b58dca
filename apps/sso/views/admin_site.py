"""The admin site: a verified session of a staff member, or the one log-in page."""

from unfold.sites import UnfoldAdminSite


class OtpAdminSite(UnfoldAdminSite):
    pass
