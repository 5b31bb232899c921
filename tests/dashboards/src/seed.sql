-- A small world in March 2026 for the dashboards' queries. Two products, twenty units and two more:
-- unit n goes through the six steps below up to its last one; even units are of lot L1, odd ones of L2.
-- Last steps: 0-7 dispensed (6 destroyed, 7 returned afterwards), 8-11 received by the pharmacy
-- (11 shipped on, which was taken back: it is still at the site), 12-14 shipped to it, 15-17 received by the wholesaler, 18-19 commissioned. Unit NOPLACE was read
-- once, at a place nobody knows, and unit PRINTED, which nobody registered, with L1 printed on it.
-- So: 12 at a site, 3 in transit, 6 sold, 1 ended, 22 in all.
-- Lot L1 of the first product is recalled on 9 March: units 0, 2, 4 and 6 are dispensed after it.
-- What is retracted is marked ZZ or RETRACTED and must not show anywhere.
INSERT INTO products (gtin, valid_from, name, brand, kafka_offset) VALUES
  ('09521000000018', toDateTime64(0, 6, 'UTC'), 'Aldenta 100', 'Aldenta', 1),
  ('09521000000025', toDateTime64(0, 6, 'UTC'), 'O''Brien''s balm', 'O''Brien', 2);

INSERT INTO parties (gln, valid_from, name, role, reports, kafka_offset) VALUES
  ('9521000000001', toDateTime64(0, 6, 'UTC'), 'Aldenta Pharmaceuticals', 'manufacturer', true, 3),
  ('9521005000006', toDateTime64(0, 6, 'UTC'), 'Wholesale FR', 'wholesaler', true, 4),
  ('9521006000005', toDateTime64(0, 6, 'UTC'), 'Pharmacies O''Hara', 'dispenser', true, 5),
  ('9521004000007', toDateTime64(0, 6, 'UTC'), 'Silent Returns', 'returns_processor', true, 6);

INSERT INTO locations (gln, valid_from, name, party, kind, country, kafka_offset) VALUES
  ('9521000000018', toDateTime64(0, 6, 'UTC'), 'Plant Mainz', '9521000000001', 'factory', 'DE', 7),
  ('9521005000013', toDateTime64(0, 6, 'UTC'), 'Depot Lille', '9521005000006', 'wholesaler', 'FR', 8),
  ('9521006000012', toDateTime64(0, 6, 'UTC'), 'Pharmacy O''Hara', '9521006000005', 'pharmacy', 'FR', 9);

-- steps: number, day in March, bizStep, disposition, site
INSERT INTO observations
  (unit, kind, event_id, revision, state, direct, role, event_type, action, event_time, record_time, captured_at,
   clock_suspect, biz_step, disposition, read_point, biz_location, site, site_name, site_kind, country, party,
   gtin, lot, expiry, product_name, known, known_by, custodian, source_party)
SELECT
  concat('01/', item, '/21/U', leftPad(toString(n), 2, '0')), 'sgtin', concat('urn:uuid:', toString(n), '-', toString(step.1)), 1,
  'asserted', step.1 != 3, if(step.1 = 3, 'inherited', 'epc'), 'ObjectEvent', 'OBSERVE',
  toDateTime64('2026-03-01 08:00:00', 6, 'UTC') + toIntervalDay(step.2 - 1) + toIntervalMinute(n) AS happened,
  happened + toIntervalMinute(10 * n), toDateTime64('2026-04-02 00:00:00', 6, 'UTC'),
  false, step.3, step.4, concat('414/', step.5), concat('414/', step.5), step.5,
  transform(step.5, ['9521000000018', '9521005000013', '9521006000012'], ['Plant Mainz', 'Depot Lille', 'Pharmacy O''Hara'], ''),
  transform(step.5, ['9521000000018', '9521005000013', '9521006000012'], ['factory', 'wholesaler', 'pharmacy'], ''),
  if(step.5 = '9521000000018', 'DE', 'FR'),
  transform(step.5, ['9521000000018', '9521005000013', '9521006000012'], ['9521000000001', '9521005000006', '9521006000005'], '') AS operator,
  item, if(n % 2 = 0, 'L1', 'L2'), '2027-01-31', if(n < 16, 'Aldenta 100', 'O''Brien''s balm'), true, 'commissioning',
  if(step.3 = 'shipping', if(step.1 = 2, '9521005000006', '9521006000005'), ''), operator
FROM (
  SELECT toInt64(number) AS n, if(n < 16, '09521000000018', '09521000000025') AS item,
         multiIf(n < 8, 6, n < 12, 5, n < 15, 4, n < 18, 3, 1) + if(n IN (6, 7), 1, 0) AS last
  FROM numbers(20)
)
ARRAY JOIN arrayFilter(s -> s.1 <= last, [
  (1, 1, 'commissioning', 'active', '9521000000018'),
  (2, 2, 'shipping', 'in_transit', '9521000000018'),
  (3, 3, 'receiving', 'in_progress', '9521005000013'),
  (4, 5, 'shipping', 'in_transit', '9521005000013'),
  (5, 6, 'receiving', 'in_progress', '9521006000012'),
  (6, 10, 'dispensing', 'dispensed', '9521006000012'),
  if(n = 6, (7, 14, 'destroying', 'destroyed', '9521006000012'), (7, 13, 'receiving', 'returned', '9521006000012'))
]) AS step;

INSERT INTO observations
  (unit, kind, event_id, revision, state, direct, role, event_time, record_time, clock_suspect, biz_step, disposition,
   read_point, site, site_name, site_kind, country, gtin, lot, product_name, known, source_party)
VALUES
  ('01/09521000000018/21/NOPLACE', 'sgtin', 'urn:uuid:noplace', 1, 'asserted', true, 'epc', '2026-03-11 08:00:00', '2026-03-11 07:30:00',
   true, 'inspecting', 'in_progress', '414/9521099000017', '', '', '', '', '09521000000018', 'L2', 'Aldenta 100', false, '9521006000005'),
  ('01/09521000000018/21/GHOST', 'sgtin', 'urn:uuid:ghost', 2, 'retracted', true, 'epc', '2026-03-12 08:00:00', '2026-03-12 08:30:00',
   true, 'dispensing', 'dispensed', '414/9521099000024', 'RETRACTED', 'RETRACTED', 'RETRACTED', 'ZZ', '09521000000018', 'L1', 'RETRACTED', false, '9521006000005'),
  ('01/09521000000025/21/U18', 'sgtin', 'urn:uuid:18-9', 1, 'asserted', true, 'epc', '2026-03-20 08:00:00', '2026-03-20 08:30:00',
   true, 'dispensing', 'dispensed', '414/9521099000024', 'RETRACTED', 'RETRACTED', 'RETRACTED', 'ZZ', '09521000000025', 'L1', 'RETRACTED', false, '9521006000005');

INSERT INTO observations
  (unit, kind, event_id, revision, state, direct, role, event_time, record_time, clock_suspect, biz_step, disposition,
   read_point, site, site_name, site_kind, country, gtin, lot, product_name, known, source_party)
VALUES
  ('01/09521000000025/21/U18', 'sgtin', 'urn:uuid:18-9', 2, 'retracted', true, 'epc', '2026-03-20 08:00:00', '2026-03-20 08:30:00',
   true, 'dispensing', 'dispensed', '414/9521099000024', 'RETRACTED', 'RETRACTED', 'RETRACTED', 'ZZ', '09521000000025', 'L1', 'RETRACTED', false, '9521006000005');

INSERT INTO observations
  (unit, kind, event_id, revision, state, direct, role, event_time, record_time, biz_step, disposition,
   read_point, site, site_name, site_kind, country, party, gtin, lot, event_lot, product_name, known, source_party)
VALUES
  ('01/09521000000018/21/PRINTED', 'sgtin', 'urn:uuid:printed', 1, 'asserted', true, 'epc', '2026-03-08 08:00:00', '2026-03-08 08:30:00',
   'inspecting', 'in_progress', '414/9521006000012', '9521006000012', 'Pharmacy O''Hara', 'pharmacy', 'FR', '9521006000005',
   '09521000000018', '', 'L1', 'Aldenta 100', false, '9521006000005');

INSERT INTO observations
  (unit, kind, event_id, revision, state, direct, role, event_time, record_time, biz_step, disposition,
   read_point, site, site_name, site_kind, country, party, gtin, lot, product_name, known, source_party)
VALUES
  ('01/09521000000018/21/U11', 'sgtin', 'urn:uuid:11-8', 1, 'asserted', true, 'epc', '2026-03-07 08:00:00', '2026-03-07 08:30:00',
   'shipping', 'in_transit', '414/9521006000012', '9521006000012', 'Pharmacy O''Hara', 'pharmacy', 'FR', '9521006000005',
   '09521000000018', 'L2', 'Aldenta 100', true, '9521006000005'),
  ('01/09521000000018/21/U11', 'sgtin', 'urn:uuid:11-9', 1, 'asserted', true, 'epc', '2026-03-07 09:00:00', '2026-03-07 09:30:00',
   'void_shipping', 'in_transit', '414/9521006000012', '9521006000012', 'Pharmacy O''Hara', 'pharmacy', 'FR', '9521006000005',
   '09521000000018', 'L2', 'Aldenta 100', true, '9521006000005');

INSERT INTO events (event_id, content_hash, declaration, event_type, action, event_time, record_time, captured_at, biz_step, source_party, precedence)
SELECT event_id, event_id, false, 'ObjectEvent', 'OBSERVE', event_time, record_time, captured_at, biz_step, source_party, 2
FROM observations FINAL
WHERE direct;

-- A repeat of the first event, captured later, and an event its publisher took back.
INSERT INTO events (event_id, content_hash, declaration, event_type, action, event_time, record_time, biz_step, source_party, precedence) VALUES
  ('urn:uuid:0-1', 'urn:uuid:0-1', false, 'ObjectEvent', 'OBSERVE', '2026-03-01 08:00:00', '2026-03-21 08:00:00', 'commissioning', '9521000000001', 1),
  ('urn:uuid:ghost', 'urn:uuid:ghost', true, 'ObjectEvent', 'OBSERVE', '2026-03-12 08:00:00', '2026-03-12 09:00:00', 'dispensing', '9521006000005', 1);

INSERT INTO rejected (reject_id, part, parts, stage, reason, message, place, event_id, capture_id, record_time, source_party) VALUES
  ('r1', 0, 2, 'gateway', 'bad_check_digit', 'the check digit is 7, not 8', 'epcList[0]', '', 'c1', '2026-03-15 10:00:00', '9521006000005'),
  ('r1', 1, 2, 'gateway', 'bad_check_digit', 'the check digit is 7, not 8', 'epcList[0]', '', 'c1', '2026-03-15 10:00:00', '9521006000005'),
  ('r2', 0, 1, 'dispatcher', 'event_id_conflict', 'it''s another event', '', 'urn:uuid:1-1', 'c2', '2026-03-16 10:00:00', '9521005000006');

INSERT INTO serials (unit, kind, gtin, serial, lot, known, revision) SELECT unit, 'sgtin', any(gtin), splitByChar('/', unit)[-1], any(lot), true, 1 FROM observations FINAL WHERE state = 'asserted' GROUP BY unit;

INSERT INTO serials (unit, kind, gtin, serial, lot, known, known_by, revision) VALUES
  ('01/09521000000018/21/UNREAD', 'sgtin', '09521000000018', 'UNREAD', 'L1', true, 'registry', 1);

INSERT INTO lots (gtin, lot, source, version, state, status, status_since, authorised, record_time, source_party) VALUES
  ('09521000000018', 'L1', 'load', 1, 'asserted', 'active', NULL, true, '2026-03-01 00:00:00', 'operator'),
  ('09521000000018', 'L1', 'urn:uuid:recall', 1, 'asserted', 'recalled', '2026-03-09 12:00:00', true, '2026-03-09 13:00:00', '9521000000001'),
  ('09521000000018', 'L2', 'urn:uuid:mistake', 2, 'retracted', 'recalled', '2026-03-02 12:00:00', true, '2026-03-09 13:00:00', 'RETRACTED');

INSERT INTO containment (child, parent, from_event, from_time, to_time, revision, state, source_party) VALUES
  ('01/09521000000018/21/U12', '00/395210000000000015', 'urn:uuid:pack', '2026-03-04 10:00:00', NULL, 1, 'asserted', '9521005000006'),
  ('01/09521000000018/21/U14', '00/395210000000000015', 'urn:uuid:pack', '2026-03-04 10:00:00', NULL, 1, 'asserted', '9521005000006'),
  ('01/09521000000018/21/U08', 'RETRACTED', 'urn:uuid:pack', '2026-03-04 10:00:00', NULL, 2, 'retracted', '9521005000006');

INSERT INTO alerts
  (alert_id, rule, sub_reason, subject, subject_kind, revision, state, retract_reason, severity, event_time, record_time, trigger_captured_at,
   detected_at, country, site, party, gtin, lot, likely_cause, source_party, container)
VALUES
  ('a1', 'STATUS_VIOLATION', 'recalled', '01/09521000000018/21/U00', 'unit', 1, 'asserted', '', 'critical', '2026-03-10 08:00:00', '2026-03-10 08:00:00',
   '2026-04-02 00:00:00', '2026-04-02 00:00:02', 'FR', '9521006000012', '9521006000005', '09521000000018', 'L1', '', '9521006000005', ''),
  ('a2', 'OUT_OF_TERRITORY', '', '01/09521000000018/21/U09', 'unit', 1, 'asserted', '', 'medium', '2026-03-06 08:09:00', '2026-03-06 08:09:00',
   '2026-04-02 00:00:00', '2026-04-02 00:00:03', 'FR', '9521006000012', '9521006000005', '09521000000018', 'L2', '', '9521006000005', '00/395210000000000015'),
  ('a3', 'UNKNOWN_SERIAL', '', '01/09521000000018/21/NOPLACE', 'unit', 1, 'asserted', '', 'low', '2026-03-11 08:00:00', '2026-03-11 07:30:00',
   '1970-01-01 00:00:00', '2026-04-02 00:00:02', '', '', '', '09521000000018', 'L2', 'likely_operator_error', '9521006000005', ''),
  ('a4', 'DUPLICATE_SCAN', '', '01/09521000000018/21/U03', 'unit', 1, 'asserted', '', 'high', '2026-03-12 08:00:00', '2026-03-12 08:00:00',
   '2026-04-02 00:00:00', '2026-04-02 00:00:01', 'ZZ', 'RETRACTED', 'RETRACTED', '09521000000018', 'L2', '', '9521006000005', ''),
  ('a5', 'IMPOSSIBLE_TRAVEL', '', '01/09521000000018/21/U05', 'unit', 2, 'retracted', 'superseded', 'high', '2026-03-12 08:00:00', '2026-03-12 08:00:00',
   '2026-04-02 00:00:00', '2026-04-02 00:00:01', 'ZZ', 'RETRACTED', 'RETRACTED', '09521000000018', 'L2', '', '9521006000005', '');

INSERT INTO alerts
  (alert_id, rule, sub_reason, subject, subject_kind, revision, state, retract_reason, severity, event_time, record_time, trigger_captured_at,
   detected_at, country, site, party, gtin, lot, likely_cause, source_party, container)
VALUES
  ('a4', 'DUPLICATE_SCAN', '', '01/09521000000018/21/U03', 'unit', 2, 'retracted', 'explained', 'high', '2026-03-12 08:00:00', '2026-03-12 08:00:00',
   '2026-04-02 00:00:00', '2026-04-02 00:00:01', 'ZZ', 'RETRACTED', 'RETRACTED', '09521000000018', 'L2', '', '9521006000005', '');

-- Demand of the first product: 10 a day, none on 24 March, the last three days open. A first revision
-- said 1,000.
INSERT INTO daily_demand (gtin, country, uom, day, demand, sold, returned, repeated, complete, as_of, revision)
SELECT '09521000000018', 'FR', '', toDate('2026-03-01') + number, if(version = 1, 1000, 10), 13, 2, 1, number < 28, '2026-04-01 00:00:00', version
FROM numbers(31)
ARRAY JOIN [1, 2] AS version
WHERE number != 23;

INSERT INTO forecast_versions (version, data_cutoff, as_of, created_at, confirmed_at, horizon_days, quantile_levels, configuration, series, series_ok, series_too_short, series_empty) VALUES
  ('v1', '2026-03-20', '2026-03-21 00:00:00', '2026-03-21 01:00:00', '2026-03-21 01:00:00', 14, [0.1, 0.5, 0.9], '{}', 2, 1, 1, 0),
  ('v2', '2026-03-27', '2026-03-28 00:00:00', '2026-03-28 01:00:00', '2026-03-28 01:00:00', 14, [0.1, 0.5, 0.9], '{}', 2, 1, 1, 0);

INSERT INTO forecast_series (version, gtin, country, uom, status, message, method, season_days, days_used, first_day, windows, days_compared, wape, mase, bias, coverage)
SELECT version, item, 'FR', '', if(item = '09521000000018', 'ok', 'too_short'), if(item = '09521000000018', '', 'two days, 28 needed'),
       'ets', 7, 20, '2026-03-01', 2, 14, if(item = '09521000000018', 0.25, NULL), 0.9, -0.05, 0.8
FROM (SELECT arrayJoin(['v1', 'v2']) AS version, arrayJoin(['09521000000018', '09521000000025']) AS item);

INSERT INTO forecasts (version, gtin, country, uom, day, days_ahead, mean, quantiles)
SELECT version, '09521000000018', 'FR', '', if(version = 'v1', toDate('2026-03-20'), toDate('2026-03-27')) + number + 1, number + 1, 12, [8., 11., 16.]
FROM numbers(14)
ARRAY JOIN ['v1', 'v2'] AS version;
