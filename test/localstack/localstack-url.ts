/** Where LocalStack answers; `npm run test:localstack` starts it and says so. */
export function localstackUrl(): string {
  const url = process.env["REKILN_LOCALSTACK"];
  if (url === undefined) throw new Error("run npm run test:localstack, which starts LocalStack");
  return url;
}
