// Runs a JavaScript library over one task of the bench and prints what it took and what came out, as JSON.
//
// usage: peer.js LIBRARY TASK INPUT SECONDS REPEAT [VECTORS]
'use strict';

const fs = require('fs');
const path = require('path');

const KNOWN = {
  'ajv json-ld': (vectors) => {
    const Ajv = require('ajv');
    const file = path.join(vectors, 'gs1-epcis', 'EPCIS-JSON-Schema.json');
    const schema = JSON.parse(fs.readFileSync(file, 'utf8'));
    const ajv = new Ajv({ strict: false, allErrors: false, logger: false });
    require('ajv-formats')(ajv);
    const validate = ajv.compile(schema);
    return { one: (text) => (validate(JSON.parse(text)) ? 'ok' : '') };
  },
  'gs1-barcode-parser-mod element-strings': () => {
    const { parseBarcode } = require('gs1-barcode-parser-mod/src/BarcodeParser.js');
    const show = (parsed) =>
      parsed.parsedCodeItems.map((item) => `(${item.ai})${item.raw.slice(0)}`).join('');
    return { one: (text) => parseBarcode(text), show };
  },
  'digital-link.js digital-links': () => {
    const { DigitalLink } = require('digital-link.js');
    const one = (text) => {
      const link = DigitalLink(text);
      return link.isValid() ? link : '';
    };
    const pairs = (all) => Object.entries(all).map(([ai, value]) => `(${ai})${value}`);
    const show = (link) =>
      [...pairs(link.getIdentifier()), ...pairs(link.getKeyQualifiers())].join('');
    return { one, show };
  },
  'epc-tds tags': () => {
    const tds = require('epc-tds');
    return { one: (text) => tds.valueOf(text).toIdURI() };
  },
};

const [library, task, file, seconds, repeat, vectors] = process.argv.slice(2);
const { one, show } = KNOWN[`${library} ${task}`](vectors);
const given = JSON.parse(fs.readFileSync(file, 'utf8'));

const results = (texts) =>
  texts.map((text) => {
    try {
      const result = one(text);
      return result && show ? show(result) : result;
    } catch {
      return ''; // what a library throws, it refuses
    }
  });

let kept;
const pass = () => {
  for (const text of given.valid) {
    try {
      kept = one(text);
    } catch {
      kept = undefined;
    }
  }
};
const used = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const measure = () => {
  const begin = used();
  for (let count = 1; ; count++) {
    pass();
    const took = used() - begin;
    if (took >= Number(seconds)) return took / count;
  }
};

const valid = results(given.valid);
const refused = results(given.refused);
measure(); // until the compiler has seen it
const passes = Array.from({ length: Number(repeat) }, measure);
const folder = path.join(process.env.NODE_PATH, library, 'package.json');
const version = `${JSON.parse(fs.readFileSync(folder, 'utf8')).version} (Node ${process.versions.node})`;
console.log(JSON.stringify({ version, seconds_per_pass: passes, valid, refused, kept: typeof kept }));
