// The admin is dark or light as the portal is, and a change here holds there too. Runs before the admin's own scripts.

const KEPT = "adminTheme"; // where the admin's scripts look
const found = document.cookie.match(/(?:^|; )qts_theme=(dark|light)(?:;|$)/);

localStorage.setItem(KEPT, JSON.stringify(found ? found[1] : "dark"));

window.addEventListener("pagehide", () => {
  const chosen = JSON.parse(localStorage.getItem(KEPT));
  if (chosen === "dark" || chosen === "light") document.cookie = `qts_theme=${chosen}; path=/; max-age=31536000; samesite=lax`;
});
