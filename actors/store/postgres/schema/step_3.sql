-- Step 3 of the schema: which accounts at upstreams rest.

-- A rest of an account: after a limit for one model, or after a refusal for all. The account is
-- named by a digest under the key of this database, which tells nothing of its secret.
CREATE TABLE nekod.rests (
  upstream text COLLATE "C" NOT NULL,
  account bytea NOT NULL,
  refused boolean NOT NULL,
  -- Its name at the upstream; empty after a refusal. Clients choose it, so it may be any bytes.
  model bytea NOT NULL,
  code text NOT NULL,
  -- Whether it is over before its time, since the account works again.
  over boolean NOT NULL,
  -- When it ends; if it is over, until when nodes are told that.
  until timestamptz NOT NULL,
  PRIMARY KEY (upstream, account, refused, model)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX rests_by_end ON nekod.rests (until);

-- Tells all nodes of a rest that goes on for p_milliseconds, or is over. Of two ends the later one
-- counts. None of it need survive a crash of the database.
CREATE FUNCTION nekod.rest_1(p_upstream text, p_account bytea, p_refused boolean, p_model bytea,
  p_code text, p_over boolean, p_milliseconds bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE v_until timestamptz := clock_timestamp() + p_milliseconds * interval '1 millisecond';
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  -- What ended: not what another node writes at this moment, which might wait for this.
  DELETE FROM nekod.rests r USING (
      SELECT o.upstream, o.account, o.refused, o.model FROM nekod.rests o
        WHERE o.until < clock_timestamp() ORDER BY o.until LIMIT 100 FOR UPDATE SKIP LOCKED) e
    WHERE r.upstream = e.upstream AND r.account = e.account AND r.refused = e.refused
      AND r.model = e.model;
  INSERT INTO nekod.rests AS r
    VALUES (p_upstream, p_account, p_refused, p_model, p_code, p_over, v_until)
    ON CONFLICT (upstream, account, refused, model) DO UPDATE
      SET until = CASE WHEN r.over = p_over THEN greatest(r.until, v_until) ELSE v_until END,
        code = p_code, over = p_over;
  PERFORM pg_notify('nekod', 'rests');
END $$;

-- The rests that have not ended, and for how many more milliseconds.
CREATE FUNCTION nekod.rests_1()
RETURNS TABLE (upstream text, account bytea, refused boolean, model bytea, code text, over boolean,
  milliseconds bigint)
LANGUAGE sql STABLE AS $$
  SELECT r.upstream, r.account, r.refused, r.model, r.code, r.over,
      ceil(extract(epoch FROM r.until - clock_timestamp()) * 1000)::bigint
    FROM nekod.rests r WHERE r.until > clock_timestamp() ORDER BY r.until DESC LIMIT 4096
$$;
