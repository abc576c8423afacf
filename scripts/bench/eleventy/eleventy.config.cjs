module.exports = (config) => {
  config.addPassthroughCopy({ static: "/" });
  config.setDataDeepMerge?.(false);
  config.setQuietMode(true);
  return {
    dir: { input: ".", output: "_site", data: "_data", includes: "_none" },
    templateFormats: ["11ty.js"],
    markdownTemplateEngine: false,
    htmlTemplateEngine: false,
  };
};
