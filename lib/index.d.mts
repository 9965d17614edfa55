import mqtt from './index.js';

export default mqtt;
export { mqtt };
export declare const errors: typeof mqtt.errors;
export declare const strerror: typeof mqtt.strerror;
