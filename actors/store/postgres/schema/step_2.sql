-- Step 2 of the schema: where answers are that clients may come back to.

-- The node that keeps an answer, under each of the answer's names. The row goes with its node.
CREATE TABLE nekod.kept_answers (
  tenant text COLLATE "C" NOT NULL,
  name bytea NOT NULL,
  node uuid NOT NULL REFERENCES nekod.nodes ON DELETE CASCADE,
  PRIMARY KEY (tenant, name)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX kept_answers_of_node ON nekod.kept_answers (node);

-- Says that a node keeps an answer. That need not survive a crash of the database.
CREATE FUNCTION nekod.keep_answer_1(p_node uuid, p_tenant text, p_name bytea) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  INSERT INTO nekod.kept_answers
    SELECT p_tenant, p_name, n.id FROM nekod.nodes n WHERE n.id = p_node
    ON CONFLICT (tenant, name) DO UPDATE SET node = p_node;
END $$;

-- Says that a node keeps it no more.
CREATE FUNCTION nekod.drop_answer_1(p_node uuid, p_tenant text, p_name bytea) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  DELETE FROM nekod.kept_answers WHERE tenant = p_tenant AND name = p_name AND node = p_node;
END $$;

-- The addresses at which another node keeps an answer: one, or none.
CREATE FUNCTION nekod.find_answer_1(p_node uuid, p_tenant text, p_name bytea)
RETURNS TABLE (address text)
LANGUAGE sql STABLE AS $$
  SELECT n.address FROM nekod.kept_answers k JOIN nekod.nodes n ON n.id = k.node
    WHERE k.tenant = p_tenant AND k.name = p_name AND n.id <> p_node AND n.address <> ''
      AND n.until > clock_timestamp()
$$;
