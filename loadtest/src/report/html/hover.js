// Shows the values under the pointer. The page says everything without it.
for (const plot of document.querySelectorAll("[data-hover]")) {
  const area = plot.querySelector(".area");
  const series = JSON.parse(plot.dataset.hover);
  const rule = area.appendChild(document.createElement("i"));
  const words = area.appendChild(document.createElement("div"));
  rule.className = "rule";
  words.className = "words";

  const nearest = (points, x) =>
    points.reduce((best, point) => (Math.abs(point[0] - x) < Math.abs(best[0] - x) ? point : best));

  area.addEventListener("pointermove", (event) => {
    const box = area.getBoundingClientRect();
    const pointer = (event.clientX - box.left) / box.width;
    const filled = series.filter((one) => one.points.length > 0);
    if (filled.length === 0) return;
    const found = filled.map((one) => [one, nearest(one.points, pointer)]);
    const closest = nearest(found.map(([, point]) => point), pointer);
    rule.style.left = `${closest[0] * 100}%`;
    words.replaceChildren(line(closest[2]), ...found.map(([one, point]) => line(point[3], one)));
    area.classList.add("hovered");
    // Beside the rule, on the side with room; over it where neither side has enough.
    const at = closest[0] * box.width;
    const right = at + 10 + words.offsetWidth <= box.width;
    words.style.left = `${Math.max(right ? at + 10 : at - 10 - words.offsetWidth, 0)}px`;
  });
  area.addEventListener("pointerleave", () => area.classList.remove("hovered"));

  function line(value, one) {
    const line = document.createElement("p");
    if (one) {
      line.appendChild(document.createElement("i")).className = `c${one.colour}`;
      line.append(series.length > 1 ? `${one.name}: ${value}` : value);
    } else {
      line.append(value);
    }
    return line;
  }
}
