/** How a plain scalar of YAML is read: `undefined` where the reader gives up on it. */
type Plain = string | number | boolean | null | undefined;

const TRUE = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const NULL = /^(?:~|null|Null|NULL|)$/;
const INTEGER = /^([-+]?)(?:0b([01_]*[01][01_]*)|0x([0-9a-fA-F_]*[0-9a-fA-F][0-9a-fA-F_]*)|(0[0-7_]+)|(0|[1-9][0-9_]*))$/;
const FLOAT = /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|[0-9][0-9_]*(?=[eE])|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?$/;
/** SnakeYAML takes these for numbers, and Jackson can make none of them. */
const NO_NUMBER = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$/;

/**
 * A plain scalar as the classic nucleus reads it: YAML 1.1 by SnakeYAML, made into values by Jackson. So `yes` is true, `0777` is 511, `1_000` is a
 * thousand, `0b101` is 5; `0o17`, `08`, `1:30` and dates are texts.
 *
 * Source: jackson-dataformat-yaml 2.16.0 with SnakeYAML 2.2, which aws-greengrass-nucleus 2.18 is built with, run on each form.
 */
export function classicScalar(text: string): Plain {
  if (NULL.test(text)) return null;
  if (TRUE.test(text)) return true;
  if (FALSE.test(text)) return false;
  const [, sign, binary, hexadecimal, octal, decimal] = INTEGER.exec(text) ?? [];
  const digits = binary ?? hexadecimal ?? octal ?? decimal;
  if (digits !== undefined) {
    const radix = binary !== undefined ? 2 : hexadecimal !== undefined ? 16 : octal !== undefined ? 8 : 10;
    const value = parseInt(digits.replaceAll('_', ''), radix);
    return sign === '-' && value !== 0 ? -value : value;
  }
  if (FLOAT.test(text)) return Number(text.replaceAll('_', ''));
  return NO_NUMBER.test(text) ? undefined : text;
}

/** A plain scalar as it looks to who knows YAML 1.2 or JSON: its core schema. */
export function modernScalar(text: string): Plain {
  if (NULL.test(text)) return null;
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  if (/^[-+]?[0-9]+$/.test(text)) return Number(text) || 0;
  if (/^0o[0-7]+$/.test(text) || /^0x[0-9a-fA-F]+$/.test(text)) return Number(text);
  if (/^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(text)) return Number(text);
  return text;
}
