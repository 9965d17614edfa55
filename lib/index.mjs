import mqtt from './index.js';

export default mqtt;
export { mqtt };
export const { errors, strerror } = mqtt;
