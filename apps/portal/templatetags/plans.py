"""Words for what QTS keeps."""

from django import template

from apps.portal.views import plan_words

register = template.Library()
register.filter("plan_kind", plan_words.kind_label)
register.filter("plan_state", plan_words.state_label)
register.filter("plan_tone", plan_words.state_tone)
register.filter("slice_kind", plan_words.slice_kind_label)
register.filter("sliced_reason", plan_words.sliced_reason)
register.filter("leg_sentence", plan_words.leg_sentence)
register.filter("leg_wait", plan_words.wait_text)
