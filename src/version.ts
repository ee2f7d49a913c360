/** The version of all of it, as the service and the agents tell each other. */
export const VERSION = '0.1.0';
