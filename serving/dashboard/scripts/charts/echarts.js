// Bars and the map by ECharts, loaded when the first of them is shown. Its tooltip is drawn on the canvas: as HTML it
// would need inline styles, which the pages forbid.
import { h } from "../element.js";
import { compact, number } from "../format.js";
import { table, tableOf } from "../table.js";
import { colour, FONT, onTheme } from "./colours.js";

let library = null;
let world = null;
const FAMILY = FONT.replace("12px ", "");

export function echarts() {
  library ??= import("/assets/vendor/echarts-6.1.0/echarts.js");
  return library;
}

async function worldMap() {
  world ??= Promise.all([echarts(), fetch("/assets/vendor/world-atlas-2.0.2/world.json").then((answer) => answer.json())])
    .then(([{ registerMap }, shapes]) => registerMap("world", shapes));
  return world;
}

class Chart {
  constructor({ title, height, caption }) {
    this.title = title;
    this.place = h("div", { class: "canvas", "aria-hidden": "true" });
    this.place.style.height = `${height}px`;
    this.element = h("figure", { class: "chart" }, this.place, h("figcaption", { class: "unseen" }, caption), tableOf(title, () => this.table()));
    onTheme(this.element, () => this.chart?.setOption(this.option()));
  }

  async draw() {
    const { init } = await echarts();
    await new Promise((done) => setTimeout(done)); // until the place is in the page and has a width
    if (!this.place.clientWidth) return;
    this.chart = init(this.place, null, { renderer: "canvas" });
    this.chart.setOption(this.option());
    const watch = new ResizeObserver(() => {
      if (this.place.isConnected) return this.chart.resize();
      watch.disconnect();
      this.chart.dispose();
    });
    watch.observe(this.place);
  }

  get canvas() {
    return this.place.querySelector("canvas");
  }
}

function tooltip() {
  return { renderMode: "richText", confine: true, backgroundColor: colour("surface"), borderColor: colour("line-strong"), borderWidth: 1,
    textStyle: { color: colour("text"), fontFamily: FAMILY, fontSize: 13 }, extraCssText: "" };
}

/** Bars by name: `rows` of [name, value]; lying, so that names are read without turning the head. */
export class BarChart extends Chart {
  constructor({ title, unit, rows, isLying = true }) {
    const most = rows[0] ? `Most: ${rows[0][0]}, ${number(rows[0][1])}.` : "";
    super({ title, height: isLying ? 39 + rows.length * 26 : 240, caption: `${title}, ${unit}: ${rows.length} bars. ${most}` });
    Object.assign(this, { unit, rows, isLying });
    this.draw();
  }

  option() {
    const text = { color: colour("text-soft"), fontFamily: FAMILY, fontSize: 12 };
    const names = { type: "category", inverse: this.isLying, data: this.rows.map(([name]) => String(name)), axisTick: { show: false }, axisLine: { lineStyle: { color: colour("line-strong") } },
      axisLabel: { ...text, ...(this.isLying ? { color: colour("text"), width: 130, overflow: "truncate" } : { hideOverlap: true }) } };
    const values = { type: "value", axisLabel: { ...text, formatter: compact, hideOverlap: true }, splitLine: { lineStyle: { color: colour("grid") } }, splitNumber: 4, minInterval: this.rows.every(([, value]) => Number.isInteger(value)) ? 1 : 0 };
    return {
      animation: false,
      grid: { left: 0, right: 12, top: 8, bottom: 5, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      tooltip: { ...tooltip(), trigger: "axis", axisPointer: { type: "none" }, formatter: ([one]) => `${one.name}: ${number(one.value)} ${this.unit}` },
      xAxis: this.isLying ? values : names,
      yAxis: this.isLying ? names : values,
      series: [{ type: "bar", data: this.rows.map(([, value]) => value), barMaxWidth: this.isLying ? 14 : 28, barCategoryGap: "30%", itemStyle: { color: colour("accent"), borderRadius: this.isLying ? [0, 3, 3, 0] : [3, 3, 0, 0] } }],
    };
  }

  table() {
    return table({ columns: [{ name: "name", type: "text" }, { name: this.unit, type: "number" }], rows: this.rows, caption: this.title });
  }
}

/** The world, darker where more is: `rows` of [ISO code, name, value]. */
export class MapChart extends Chart {
  constructor({ title, unit, rows }) {
    super({ title, height: matchMedia("(max-width: 640px)").matches ? 180 : 360, caption: `${title}, ${unit}, by country. The table has the same numbers.` });
    Object.assign(this, { unit, rows });
    const most = rows.length ? number(rows[0][2]) : "";
    this.place.after(h("p", { class: "legend", "aria-hidden": "true" }, "fewer", h("span", { class: "ramp" }), `${most} ${unit}`));
    worldMap().then(() => this.draw(), () => this.place.replaceChildren(h("p", { class: "soft" }, "The map could not be loaded; the table has the numbers.")));
  }

  option() {
    const most = Math.max(1, ...this.rows.map(([, , value]) => value));
    const named = new Map(this.rows.map(([code, name, value]) => [code, { name, value }]));
    // The root, so that the second country is seen beside a first that is ten times as large.
    const data = this.rows.map(([code, , value]) => ({ name: code, value, itemStyle: { areaColor: mixed(0.2 + 0.8 * Math.sqrt(value / most)) } }));
    return {
      animation: false,
      tooltip: { ...tooltip(), formatter: ({ name }) => (named.has(name) ? `${named.get(name).name}: ${number(named.get(name).value)} ${this.unit}` : "") },
      series: [{ type: "map", map: "world", data, left: 0, right: 0, top: 4, bottom: 4, nameProperty: "name", selectedMode: false,
        itemStyle: { areaColor: colour("land"), borderColor: colour("surface"), borderWidth: 0.6 }, label: { show: false },
        emphasis: { label: { show: false }, itemStyle: { areaColor: colour("accent") } } }],
    };
  }

  table() {
    const columns = [{ name: "country", type: "text" }, { name: this.unit, type: "number" }];
    return table({ columns, rows: this.rows.map(([, name, value]) => [name, value]), caption: this.title });
  }
}

/** Between the ground of the map and the accent. */
function mixed(share) {
  const [low, high] = [channels(colour("accent-soft")), channels(colour("accent"))];
  return `rgb(${low.map((one, at) => Math.round(one + (high[at] - one) * share)).join(",")})`;
}

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
