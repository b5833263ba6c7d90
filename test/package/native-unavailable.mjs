// Without aws-crt, asking for the crt transport must be a typed error with a remedy, not a crash.
import { connect } from 'greengrass-rx';
import { E } from 'greengrass-rx/fp';

const proxy = connect({ socketPath: '/nobody/listens/here', authToken: 'none', transport: 'crt' });
const ready = await proxy.ready()();
if (E.isRight(ready)) throw new Error('connected without aws-crt');
if (ready.left._tag !== 'NativeUnavailable') throw ready.left;
await proxy.close();
