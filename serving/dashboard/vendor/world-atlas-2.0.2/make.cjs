// world.json from world-atlas: GeoJSON of one decimal, a feature a country, named by ISO 3166-1 alpha-2.
const { writeFileSync } = require("fs");
const topojson = require("topojson-client");
const atlas = require("world-atlas/countries-110m.json");
const iso = require("i18n-iso-countries");

const SMALLEST = 1.5; // square degrees: smaller islands of a country with larger parts are a dot at this size
const NAMED_ELSEWHERE = { Kosovo: "XK" };

const rounded = (at) => (Array.isArray(at[0]) ? at.map(rounded) : at.map((degrees) => Math.round(degrees * 10) / 10));
const same = (one, other) => one[0] === other[0] && one[1] === other[1];
// A ring over the date line goes on beyond 180 degrees instead of all the way back.
const unbroken = (points) => {
  const crosses = points.some((at, index) => index > 0 && Math.abs(at[0] - points[index - 1][0]) > 180);
  return crosses ? points.map(([east, north]) => [east < 0 ? east + 360 : east, north]) : points;
};
const ring = (points) => rounded(unbroken(points)).filter((at, index, all) => index === 0 || !same(at, all[index - 1]));
const area = (points) =>
  Math.abs(points.reduce((sum, at, index) => {
    const next = points[(index + 1) % points.length];
    return sum + at[0] * next[1] - next[0] * at[1];
  }, 0) / 2);

const features = topojson.feature(atlas, atlas.objects.countries).features
  .filter((country) => country.properties.name !== "Antarctica")
  .map(({ id, properties, geometry }) => {
    const parts = (geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates)
      .map((polygon) => polygon.map(ring).filter((points) => points.length > 3))
      .filter((polygon) => polygon.length);
    const large = parts.filter((polygon) => area(polygon[0]) > SMALLEST);
    const code = (id && iso.numericToAlpha2(id)) || NAMED_ELSEWHERE[properties.name];
    return {
      type: "Feature",
      properties: { name: code || properties.name, label: properties.name },
      geometry: { type: "MultiPolygon", coordinates: large.length ? large : parts },
    };
  });
writeFileSync(process.argv[2], JSON.stringify({ type: "FeatureCollection", features }));
