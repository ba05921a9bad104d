-- Step 4 of the schema: what callers have used of their rate limits.

-- Token buckets. As in GCRA a bucket is the time at which it is full again, in nanoseconds since
-- 1970 by the clock of the database; one that is full needs no row. After a crash of the database
-- all are full.
CREATE UNLOGGED TABLE nekod.buckets (
  name text COLLATE "C" PRIMARY KEY,
  full_at bigint NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1,
  autovacuum_vacuum_threshold = 1000);

CREATE FUNCTION nekod.nanoseconds_1() RETURNS bigint
LANGUAGE sql VOLATILE AS $$
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint
$$;

-- Takes tokens from all buckets, or from none if one of them has too few.
--   p_intervals, p_wholes: the nanoseconds in which a token is added, and an empty bucket is filled
--   p_counts: 0 looks only, a negative number gives back
--   p_in_any_case: whether the tokens are taken even if there are too few
--   full_in: the nanoseconds until each is full again
CREATE FUNCTION nekod.charge_1(p_caller text, p_names text[], p_intervals bigint[],
  p_wholes bigint[], p_counts bigint[], p_in_any_case boolean,
  OUT passes boolean, OUT full_in bigint[])
LANGUAGE plpgsql AS $$
DECLARE
  v_now bigint;
  v_full_at bigint;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  PERFORM pg_advisory_xact_lock(hashtextextended(p_caller, 16));
  -- After the wait for the lock.
  v_now := nekod.nanoseconds_1();
  passes := true;
  FOR i IN 1 .. cardinality(p_names) LOOP
    SELECT b.full_at INTO v_full_at FROM nekod.buckets b WHERE b.name = p_names[i];
    full_in[i] := greatest(coalesce(v_full_at, v_now) - v_now, 0);
    passes := passes AND (p_counts[i] <= 0
      OR full_in[i] + p_intervals[i] * p_counts[i] <= p_wholes[i]);
  END LOOP;
  passes := passes OR p_in_any_case;
  IF NOT passes THEN
    RETURN;
  END IF;
  FOR i IN 1 .. cardinality(p_names) LOOP
    CONTINUE WHEN p_counts[i] = 0;
    full_in[i] := greatest(full_in[i] + p_intervals[i] * p_counts[i], 0);
    INSERT INTO nekod.buckets VALUES (p_names[i], v_now + full_in[i])
      ON CONFLICT (name) DO UPDATE SET full_at = EXCLUDED.full_at;
  END LOOP;
END $$;

-- Deletes at most p_most buckets that are full.
CREATE FUNCTION nekod.sweep_buckets_1(p_most bigint) RETURNS void
LANGUAGE sql AS $$
  DELETE FROM nekod.buckets WHERE name IN (
    SELECT b.name FROM nekod.buckets b WHERE b.full_at <= nekod.nanoseconds_1()
      LIMIT p_most FOR UPDATE SKIP LOCKED)
$$;
