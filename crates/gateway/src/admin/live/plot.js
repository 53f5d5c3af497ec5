// A small plot of the last five minutes: one or two lines over time.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 300;
const HEIGHT = 60;

function part(name, className) {
  const element = document.createElementNS(SVG, name);
  if (className) element.setAttribute("class", className);
  return element;
}

/** The points as runs: a second without a value leaves a gap. */
function runs(values, top) {
  const x = (index) => WIDTH - (values.length - 1 - index);
  const y = (value) => HEIGHT - (value / top) * HEIGHT;
  const all = [];
  let run = [];
  values.forEach((value, index) => {
    if (value !== null) {
      run.push(`${x(index).toFixed(1)},${y(value).toFixed(2)}`);
    } else if (run.length) {
      all.push(run);
      run = [];
    }
  });
  if (run.length) all.push(run);
  // A run of one second would be invisible.
  return all.map((points) => (points.length === 1 ? [points[0], points[0].replace(/^[^,]+/, (left) => Number(left) + 1)] : points));
}

const line = (points) => `M${points.join("L")}`;

function area(points) {
  const [left, right] = [points[0], points.at(-1)].map((point) => point.split(",")[0]);
  return `${line(points)}L${right},${HEIGHT}L${left},${HEIGHT}Z`;
}

export class Plot {
  constructor() {
    this.svg = part("svg", "plot");
    this.svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.svg.setAttribute("preserveAspectRatio", "none");
    this.svg.setAttribute("aria-hidden", "true");
    const ground = part("line");
    for (const [name, value] of [["x1", 0], ["x2", WIDTH], ["y1", HEIGHT], ["y2", HEIGHT]]) {
      ground.setAttribute(name, value);
    }
    this.area = part("path", "area");
    this.first = part("path");
    this.second = part("path", "second");
    this.svg.append(ground, this.area, this.first, this.second);
  }

  /** Draws the series over a common scale from zero; gives back its top. */
  draw(first, second = []) {
    const top = Math.max(0, ...first, ...second);
    const scale = top || 1;
    const firstRuns = runs(first, scale);
    this.area.setAttribute("d", firstRuns.map(area).join(""));
    this.first.setAttribute("d", firstRuns.map(line).join(""));
    this.second.setAttribute("d", runs(second, scale).map(line).join(""));
    return top;
  }
}
