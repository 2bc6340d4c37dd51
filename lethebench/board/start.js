// Ask for the table once, then show what the address says.
for (const button of element.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => zoom(Number(button.dataset.zoom)));
find("#board-back").addEventListener("click", () => turn(-1));
find("#board-next").addEventListener("click", () => turn(1));
server.table().then((table) => {
  if (!table) throw new Error("the server does not answer");
  read(JSON.parse(table));
  makeStyles();
  makeFilters();
  window.addEventListener("hashchange", follow);
  readInks();
  new ResizeObserver(([entry]) => { size = { width: entry.contentRect.width, height: entry.contentRect.height }; draw(); }).observe(canvas);
  new MutationObserver(() => { readInks(); draw(); }).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  return follow().then(() => performance.mark("board"));
}).catch((error) => { find(".count").textContent = `The results cannot be loaded: ${error?.message ?? error}`; });
