/** Places in the memory that a proxy shares with its thread. */
export const QUERIES = 0;
export const CUT = 1;
export const ROUND_TRIPS = 2;
