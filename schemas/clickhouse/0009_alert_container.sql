-- The container an alert has to do with: what a notification groups by, and a recall asks for.
ALTER TABLE alerts {on_cluster}
    ADD COLUMN IF NOT EXISTS container String COMMENT 'unit key of the outermost container the anchor''s read was inherited from; empty = read itself';

ALTER TABLE alerts_history {on_cluster}
    ADD COLUMN IF NOT EXISTS container String COMMENT 'unit key of the outermost container the anchor''s read was inherited from; empty = read itself';
