import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes the recipe of `com.example.<name>`, which may use the topics below `sensors/`. Gives its path. */
export function recipeFile(folder: string, name = 'Thermometer', resource = 'sensors/#'): string {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(
    path,
    `RecipeFormatVersion: '2020-01-25'
ComponentName: com.example.${name}
ComponentVersion: 1.0.0
ComponentConfiguration:
  DefaultConfiguration:
    colour: blue
    accessControl:
      aws.greengrass.ipc.mqttproxy:
        com.example.${name}:mqttproxy:1:
          operations: ['aws.greengrass#PublishToIoTCore', 'aws.greengrass#SubscribeToIoTCore']
          resources: ['${resource}']
Manifests:
  - Platform: { os: '*', runtime: '*' }
    Lifecycle:
      Setenv: { COLOUR: '{configuration:/colour}', THING: '{iot:thingName}' }
      run: node {artifacts:path}/main.js
`,
  );
  return path;
}
