/** The current time in milliseconds since 1970. Everything that reads a clock gets one of these. */
export type Clock = () => number;
