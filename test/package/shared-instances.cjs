// A program in CommonJS and the package must mean the same Observable and the same Either.
const { connect } = require('greengrass-rx');
const { E } = require('greengrass-rx/fp');
const { Observable } = require('rxjs');
const either = require('fp-ts/Either');

const proxy = connect({ socketPath: '/nobody/listens/here', authToken: 'none' });
if (!(proxy.state$ instanceof Observable)) throw new Error('state$ is no Observable of the rxjs that this program has');
if (E.right !== either.right) throw new Error('greengrass-rx/fp has another fp-ts');
