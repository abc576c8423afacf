const { pages } = require("../catalogue.cjs");

module.exports = () => pages();
