/** The frame of the programs here. argv: name of the npm package, project, more. Prints one JSON object last. */
const [, , sdk, project, ...rest] = process.argv;

exports.weave = require(sdk);
exports.project = project;
exports.rest = rest;

/** Runs the program; it ends when nothing is left to do, as programs of users do. */
exports.run = (main) =>
  main().then(
    (result) => console.log(JSON.stringify(result)),
    async (error) => {
      // The generated client throws the response.
      console.error(typeof error?.status === 'number' ? [error.url, error.status, error.error] : error);
      process.exitCode = 1;
    },
  );

/** What a promise failed with. */
exports.failureOf = (promise) =>
  promise.then(
    () => null,
    (error) => error,
  );
