const { join } = require("node:path");
const { Eta } = require("eta");
const { propsOf } = require("./catalogue.cjs");

const eta = new Eta({
  views: join(__dirname, "views"),
  cache: true,
  autoTrim: [false, "nl"],
  autoFilter: true,
  filterFunction: (value) => value ?? "",
});

exports.data = {
  pagination: { data: "pages", size: 1, alias: "one" },
  permalink: (data) => data.one.file,
};

exports.render = (data) => {
  const { one } = data;
  return one.template === "json" ? JSON.stringify(one.props) : eta.render(`${one.template}.eta`, propsOf(one));
};
