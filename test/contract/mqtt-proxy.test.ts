import { memorySubject } from './memory-subject.js';
import { nucleusSubject } from './nucleus-subject.js';
import { contractSuite } from './suite.js';

for (const transport of ['socket', 'crt'] as const) {
  for (const profile of ['classic', 'lite'] as const) contractSuite(nucleusSubject(transport, profile));
}
for (const profile of ['classic', 'lite'] as const) contractSuite(memorySubject(profile));
