/** What `encodeURIComponent` leaves and RFC 3986 reserves. */
const RESERVED = /[!'()*]/g;
const PLAIN = /^[A-Za-z0-9/._~-]*$/;

/**
 * An object key as it stands in a request's path and in what is signed: every byte but letters, digits, `-._~` and `/`
 * percent-encoded. https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function encodeKey(key: string): string {
  if (PLAIN.test(key)) return key;
  const encoded = encodeURIComponent(key).replaceAll("%2F", "/");
  return encoded.replace(RESERVED, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
