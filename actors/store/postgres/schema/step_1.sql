-- Step 1 of the schema: everything. A step that was released is never changed. Functions carry a
-- version in their names, so that nodes of two versions can use one database.
--
-- Times of records are microseconds since 1970, by the clock of the node that wrote them. Who holds
-- a session, and whether a node lives, is decided by the clock of the database alone.

-- Nodes: a row for each running nekod, which it renews. One whose time is over counts as gone.
CREATE TABLE nekod.nodes (
  id uuid PRIMARY KEY,
  address text NOT NULL,
  until timestamptz NOT NULL
) WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE TABLE nekod.sessions (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  model text NOT NULL,
  created_at bigint NOT NULL,
  last_used bigint NOT NULL,
  turns bigint NOT NULL,
  conversation text COLLATE "C" NOT NULL,
  newest_response text NOT NULL,
  kept_until bigint,
  metadata text NOT NULL,
  scope text COLLATE "C" NOT NULL,
  tip bytea NOT NULL,
  prompt text,
  chat_id text NOT NULL,
  chat_upstream text NOT NULL,
  chat_account text NOT NULL,
  chat_model text NOT NULL,
  chat_is_new boolean NOT NULL,
  unsettled_message text NOT NULL,
  chat_messages bigint NOT NULL,
  unsure boolean NOT NULL,
  -- Names the last commit, so that one that is said again is recognised.
  kept_commit text COLLATE "C" NOT NULL,
  UNIQUE (tenant, id)
) WITH (fillfactor = 80);
CREATE INDEX sessions_by_id ON nekod.sessions (id);
CREATE INDEX sessions_by_tip ON nekod.sessions (tenant, scope, tip, last_used) WHERE tip <> '';
CREATE INDEX sessions_by_age ON nekod.sessions (created_at, id);
CREATE INDEX sessions_of_tenant ON nekod.sessions (tenant, created_at, id);
CREATE INDEX sessions_by_use ON nekod.sessions (last_used) WHERE kept_until IS NULL;
CREATE INDEX sessions_by_end ON nekod.sessions (kept_until) WHERE kept_until IS NOT NULL;
CREATE INDEX sessions_by_conversation ON nekod.sessions (tenant, conversation)
  WHERE conversation <> '';

-- Which token holds which session, with or without a record. A released one has no row: a row of a
-- node that is gone shows that a turn may have been cut.
CREATE TABLE nekod.leases (
  tenant text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  node uuid NOT NULL,
  token text COLLATE "C" NOT NULL,
  -- Whether the token has committed a turn: it is about to release the session.
  committed boolean NOT NULL,
  -- Whether somebody waits for the session.
  wanted boolean NOT NULL,
  PRIMARY KEY (tenant, id)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX leases_of_token ON nekod.leases (token);
CREATE INDEX leases_of_node ON nekod.leases (node);

-- Requests that may be sent again and are being answered.
CREATE TABLE nekod.asks (
  tenant text COLLATE "C" NOT NULL,
  identity bytea NOT NULL,
  node uuid NOT NULL,
  token text COLLATE "C" NOT NULL,
  wanted boolean NOT NULL,
  PRIMARY KEY (tenant, identity)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX asks_of_token ON nekod.asks (token);
CREATE INDEX asks_of_node ON nekod.asks (node);

-- A message is JSON, which may hold an escaped NUL: the types json and jsonb refuse to read that.
CREATE TABLE nekod.messages (
  session bigint NOT NULL REFERENCES nekod.sessions ON DELETE CASCADE,
  position integer NOT NULL,
  message text NOT NULL,
  items text NOT NULL,
  PRIMARY KEY (session, position)
);

CREATE TABLE nekod.answers (
  session bigint PRIMARY KEY REFERENCES nekod.sessions ON DELETE CASCADE,
  owner text COLLATE "C" NOT NULL,
  identity bytea NOT NULL,
  answer text NOT NULL,
  -- NULL for as long as the session's record.
  until timestamptz
);
CREATE INDEX answers_by_identity ON nekod.answers (owner, identity);

-- A response has the row of its parent, if that was kept when the response was stored, and counts
-- its followers. Those without followers go once they have expired.
CREATE TABLE nekod.responses (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  session text COLLATE "C" NOT NULL,
  parent text COLLATE "C" NOT NULL,
  parent_number bigint,
  followers bigint NOT NULL DEFAULT 0,
  -- 0 running, 1 chainable, 2 closed
  state integer NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  object text NOT NULL,
  -- While its turn runs: the object that takes its place if the node is gone.
  interrupted text NOT NULL,
  node uuid NOT NULL,
  UNIQUE (tenant, id)
);
CREATE INDEX responses_of_session ON nekod.responses (tenant, session) WHERE session <> '';
CREATE INDEX responses_by_end ON nekod.responses (expires_at) WHERE followers = 0;
CREATE INDEX responses_running ON nekod.responses (node) WHERE interrupted <> '';

CREATE TABLE nekod.response_items (
  response bigint NOT NULL REFERENCES nekod.responses ON DELETE CASCADE,
  position integer NOT NULL,
  owner text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  is_output boolean NOT NULL,
  item text NOT NULL,
  PRIMARY KEY (response, position)
);
CREATE INDEX response_items_by_id ON nekod.response_items (owner, id);

-- -- helpers ---------------------------------------------------------------------------------------

-- Names a session, or a request, for locks and notifications.
CREATE FUNCTION nekod.session_key_1(p_tenant text, p_id text) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$ SELECT hashtextextended(p_tenant || chr(1) || p_id, 11) $$;

CREATE FUNCTION nekod.ask_key_1(p_tenant text, p_identity bytea) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT hashtextextended(p_tenant || chr(1) || encode(p_identity, 'hex'), 12)
$$;

CREATE FUNCTION nekod.lives_1(p_node uuid) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
  SELECT EXISTS (SELECT 1 FROM nekod.nodes WHERE id = p_node AND until > clock_timestamp())
$$;

-- -- nodes -----------------------------------------------------------------------------------------

CREATE FUNCTION nekod.renew_1(p_node uuid, p_address text, p_milliseconds bigint) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO nekod.nodes AS n
    VALUES (p_node, p_address, clock_timestamp() + p_milliseconds * interval '1 millisecond')
    ON CONFLICT (id) DO UPDATE
      SET until = clock_timestamp() + p_milliseconds * interval '1 millisecond'
$$;

-- Ends the responses of a node that is gone: each becomes what it is if it is interrupted.
CREATE FUNCTION nekod.end_responses_1(p_node uuid) RETURNS void
LANGUAGE sql AS $$
  UPDATE nekod.responses SET object = interrupted, interrupted = '', state = 2
    WHERE node = p_node AND interrupted <> ''
$$;

-- A node ends, and gives up all that it holds.
CREATE FUNCTION nekod.leave_1(p_node uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE v record;
BEGIN
  FOR v IN SELECT token FROM nekod.leases WHERE node = p_node
           UNION SELECT token FROM nekod.asks WHERE node = p_node LOOP
    PERFORM nekod.release_1(v.token);
  END LOOP;
  PERFORM nekod.end_responses_1(p_node);
  DELETE FROM nekod.nodes WHERE id = p_node;
END $$;

-- -- to take, commit and release -------------------------------------------------------------------

-- Takes a session for a token.
--   p_answer: 0 the request's earlier answer is ignored, 1 wanted, 2 forgotten
--   p_released: tokens of the node whose release is under way
--   p_takes_over: whether what nodes that are gone held may be taken
--   p_texts: whether the chat of a turn that was cut can be begun anew from stored messages
--   how: 0 nothing, 1 by id, 2 by answer, 3 by tip, 4 another node has it: wait for 'free' of key
CREATE FUNCTION nekod.take_1(
  p_node uuid, p_token text, p_tenant text, p_id text, p_identity bytea, p_answer integer,
  p_scope text, p_tip bytea, p_known bigint, p_released text[], p_takes_over boolean,
  p_texts boolean,
  OUT how integer, OUT key bigint, OUT stored nekod.sessions, OUT identity bytea,
  OUT answer text, OUT messages text[], OUT items text[])
LANGUAGE plpgsql AS $$
DECLARE
  v_lease nekod.leases;
  v_ask nekod.asks;
  v_id text := p_id;
  v_candidate record;
  v_held boolean;
  v_cut boolean;
BEGIN
  how := 0;
  IF p_answer = 2 THEN
    DELETE FROM nekod.answers a WHERE a.owner = p_tenant AND a.identity = p_identity;
  END IF;
  IF p_id <> '' THEN
    how := 1;
  ELSE
    IF p_answer = 1 THEN
      -- Of equal requests one at a time.
      PERFORM pg_advisory_xact_lock(nekod.ask_key_1(p_tenant, p_identity));
      FOR v_candidate IN
        SELECT s.id, l.node, l.token, l.committed
          FROM nekod.answers a JOIN nekod.sessions s ON s.number = a.session
            LEFT JOIN nekod.leases l ON l.tenant = s.tenant AND l.id = s.id
          WHERE a.owner = p_tenant AND a.identity = p_identity
            AND (a.until IS NULL OR a.until > clock_timestamp())
          ORDER BY s.last_used DESC
      LOOP
        v_held := v_candidate.node IS NOT NULL AND NOT v_candidate.token = ANY (p_released)
          AND (v_candidate.node = p_node OR NOT p_takes_over OR nekod.lives_1(v_candidate.node));
        IF v_held AND (v_candidate.node = p_node OR NOT v_candidate.committed) THEN
          CONTINUE;
        END IF;
        v_id := v_candidate.id;
        how := 2;
        EXIT;
      END LOOP;
      IF how = 0 THEN
        SELECT * INTO v_ask FROM nekod.asks k
          WHERE k.tenant = p_tenant AND k.identity = p_identity;
        IF FOUND AND v_ask.node <> p_node AND (NOT p_takes_over OR nekod.lives_1(v_ask.node)) THEN
          UPDATE nekod.asks k SET wanted = true
            WHERE k.tenant = p_tenant AND k.identity = p_identity;
          key := nekod.ask_key_1(p_tenant, p_identity);
          how := 4;
          RETURN;
        END IF;
      END IF;
    END IF;
    IF how = 0 AND p_tip <> '' THEN
      FOR v_candidate IN
        SELECT s.id, l.node, l.token, l.committed
          FROM nekod.sessions s
            LEFT JOIN nekod.leases l ON l.tenant = s.tenant AND l.id = s.id
          WHERE s.tenant = p_tenant AND s.scope = p_scope AND s.tip = p_tip AND s.tip <> ''
          ORDER BY s.last_used DESC LIMIT 64
      LOOP
        v_held := v_candidate.node IS NOT NULL AND NOT v_candidate.token = ANY (p_released)
          AND (v_candidate.node = p_node OR NOT p_takes_over OR nekod.lives_1(v_candidate.node));
        -- One that has committed is about to be released, and continues this very conversation.
        IF v_held AND (v_candidate.node = p_node OR NOT v_candidate.committed) THEN
          CONTINUE;
        END IF;
        PERFORM pg_advisory_xact_lock(nekod.session_key_1(p_tenant, v_candidate.id));
        -- It may have gone on while this waited for the lock.
        IF EXISTS (SELECT 1 FROM nekod.sessions s WHERE s.tenant = p_tenant
                     AND s.id = v_candidate.id AND s.scope = p_scope AND s.tip = p_tip)
           AND NOT EXISTS (SELECT 1 FROM nekod.leases l WHERE l.tenant = p_tenant
                     AND l.id = v_candidate.id AND NOT l.committed
                     AND NOT l.token = ANY (p_released)
                     AND (l.node = p_node OR nekod.lives_1(l.node))) THEN
          v_id := v_candidate.id;
          how := 3;
          EXIT;
        END IF;
      END LOOP;
    END IF;
    IF how = 0 THEN
      IF p_answer = 1 THEN
        INSERT INTO nekod.asks VALUES (p_tenant, p_identity, p_node, p_token, false)
          ON CONFLICT ON CONSTRAINT asks_pkey
          DO UPDATE SET node = p_node, token = p_token, wanted = false;
        PERFORM set_config('synchronous_commit', 'off', true);
      END IF;
      RETURN;
    END IF;
  END IF;

  PERFORM pg_advisory_xact_lock(nekod.session_key_1(p_tenant, v_id));
  SELECT * INTO v_lease FROM nekod.leases l WHERE l.tenant = p_tenant AND l.id = v_id;
  v_cut := FOUND AND v_lease.node <> p_node;
  IF v_cut AND (NOT p_takes_over OR nekod.lives_1(v_lease.node)) THEN
    UPDATE nekod.leases l SET wanted = true WHERE l.tenant = p_tenant AND l.id = v_id;
    key := nekod.session_key_1(p_tenant, v_id);
    how := 4;
    RETURN;
  END IF;
  SELECT * INTO stored FROM nekod.sessions s WHERE s.tenant = p_tenant AND s.id = v_id;
  IF NOT FOUND THEN
    how := 0;
    stored := NULL;
  END IF;
  IF v_cut AND stored.chat_id <> '' THEN
    -- The node may still speak to the upstream's chat, which only another chat keeps it out of.
    UPDATE nekod.sessions s SET
        chat_id = CASE WHEN p_texts THEN '' ELSE s.chat_id END,
        unsettled_message = CASE WHEN p_texts THEN '' ELSE s.unsettled_message END,
        chat_messages = CASE WHEN p_texts THEN 0 ELSE s.chat_messages END,
        chat_is_new = s.chat_is_new AND NOT p_texts,
        unsure = NOT p_texts
      WHERE s.number = stored.number RETURNING * INTO stored;
  END IF;
  INSERT INTO nekod.leases VALUES (p_tenant, v_id, p_node, p_token, false, false)
    ON CONFLICT ON CONSTRAINT leases_pkey
    DO UPDATE SET node = p_node, token = p_token, committed = false;
  -- That a message may have been posted to a chat has to survive the database.
  IF p_answer <> 2 AND coalesce(stored.chat_id, '') = '' AND NOT v_cut THEN
    PERFORM set_config('synchronous_commit', 'off', true);
  END IF;
  IF how = 0 OR stored.version = p_known THEN
    RETURN;
  END IF;
  SELECT a.identity, a.answer INTO identity, answer FROM nekod.answers a
    WHERE a.session = stored.number AND (a.until IS NULL OR a.until > clock_timestamp());
  SELECT array_agg(m.message ORDER BY m.position), array_agg(m.items ORDER BY m.position)
    INTO messages, items FROM nekod.messages m WHERE m.session = stored.number;
END $$;

-- Commits a turn. p_keep: whether texts are stored. p_commit: names the commit.
-- 0: kept, or kept before; 1: the token does not hold the session, its record has another version,
-- or messages that the commit builds on are missing.
CREATE FUNCTION nekod.commit_1(
  p_node uuid, p_token text, p_version bigint, p_tenant text, p_id text, p_model text,
  p_created_at bigint, p_last_used bigint, p_turns bigint, p_conversation text,
  p_newest_response text, p_kept_until bigint, p_metadata text, p_scope text, p_tip bytea,
  p_prompt text, p_chat_id text, p_chat_upstream text, p_chat_account text, p_chat_model text,
  p_chat_is_new boolean, p_unsettled_message text, p_chat_messages bigint, p_unsure boolean,
  p_keep boolean, p_kept integer, p_messages text[], p_items text[], p_identity bytea,
  p_answer text, p_answer_milliseconds bigint, p_commit text) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  v_number bigint;
  v_version bigint := 0;
  v_commit text;
  v_lease nekod.leases;
BEGIN
  PERFORM pg_advisory_xact_lock(nekod.session_key_1(p_tenant, p_id));
  SELECT number, version, kept_commit INTO v_number, v_version, v_commit
    FROM nekod.sessions WHERE tenant = p_tenant AND id = p_id;
  v_version := coalesce(v_version, 0);
  IF v_commit = p_commit AND v_version = p_version + 1 THEN
    RETURN 0;
  END IF;
  SELECT * INTO v_lease FROM nekod.leases WHERE tenant = p_tenant AND id = p_id;
  IF v_version <> p_version THEN
    RETURN 1;
  END IF;
  IF NOT FOUND THEN
    -- A new session needs no taking: its first commit takes it.
    IF p_version <> 0 THEN
      RETURN 1;
    END IF;
    INSERT INTO nekod.leases VALUES (p_tenant, p_id, p_node, p_token, true, false);
  ELSIF v_lease.token <> p_token THEN
    RETURN 1;
  ELSIF NOT v_lease.committed THEN
    UPDATE nekod.leases SET committed = true WHERE tenant = p_tenant AND id = p_id;
  END IF;
  IF p_keep AND p_kept > 0 AND NOT EXISTS (
       SELECT 1 FROM nekod.messages WHERE session = v_number AND position = p_kept - 1) THEN
    RETURN 1;
  END IF;
  IF v_number IS NULL THEN
    INSERT INTO nekod.sessions (tenant, id, version, model, created_at, last_used, turns,
        conversation, newest_response, kept_until, metadata, scope, tip, prompt, chat_id,
        chat_upstream, chat_account, chat_model, chat_is_new, unsettled_message, chat_messages,
        unsure, kept_commit)
      VALUES (p_tenant, p_id, 1, p_model, p_created_at, p_last_used, p_turns, p_conversation,
        p_newest_response, p_kept_until, p_metadata, p_scope, p_tip, p_prompt, p_chat_id,
        p_chat_upstream, p_chat_account, p_chat_model, p_chat_is_new, p_unsettled_message,
        p_chat_messages, p_unsure, p_commit)
      RETURNING number INTO v_number;
  ELSE
    UPDATE nekod.sessions SET version = p_version + 1, model = p_model,
        created_at = p_created_at, last_used = p_last_used, turns = p_turns,
        conversation = p_conversation, newest_response = p_newest_response,
        kept_until = p_kept_until, metadata = p_metadata, scope = p_scope, tip = p_tip,
        prompt = p_prompt, chat_id = p_chat_id, chat_upstream = p_chat_upstream,
        chat_account = p_chat_account, chat_model = p_chat_model, chat_is_new = p_chat_is_new,
        unsettled_message = p_unsettled_message, chat_messages = p_chat_messages,
        unsure = p_unsure, kept_commit = p_commit
      WHERE number = v_number;
  END IF;
  IF NOT p_keep THEN
    RETURN 0;
  END IF;
  DELETE FROM nekod.messages WHERE session = v_number AND position >= p_kept;
  INSERT INTO nekod.messages
    SELECT v_number, p_kept + n::integer - 1, m, i
      FROM unnest(p_messages, p_items) WITH ORDINALITY AS added (m, i, n);
  IF p_answer IS NULL THEN
    DELETE FROM nekod.answers WHERE session = v_number;
  ELSE
    INSERT INTO nekod.answers VALUES (v_number, p_tenant, p_identity, p_answer,
        clock_timestamp() + p_answer_milliseconds * interval '1 millisecond')
      ON CONFLICT (session) DO UPDATE SET identity = EXCLUDED.identity,
        answer = EXCLUDED.answer, until = EXCLUDED.until;
  END IF;
  RETURN 0;
END $$;

-- A token gives up all that it holds. Whoever waits for that is told once this is committed.
CREATE FUNCTION nekod.release_1(p_token text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v record;
  v_wanted boolean;
BEGIN
  FOR v IN SELECT tenant, id FROM nekod.leases WHERE token = p_token LOOP
    PERFORM pg_advisory_xact_lock(nekod.session_key_1(v.tenant, v.id));
    DELETE FROM nekod.leases WHERE tenant = v.tenant AND id = v.id AND token = p_token
      RETURNING wanted INTO v_wanted;
    IF FOUND AND v_wanted THEN
      PERFORM pg_notify('nekod', 'free ' || nekod.session_key_1(v.tenant, v.id));
    END IF;
  END LOOP;
  FOR v IN DELETE FROM nekod.asks WHERE token = p_token RETURNING * LOOP
    IF v.wanted THEN
      PERFORM pg_notify('nekod', 'free ' || nekod.ask_key_1(v.tenant, v.identity));
    END IF;
  END LOOP;
END $$;

-- -- responses -------------------------------------------------------------------------------------

CREATE FUNCTION nekod.delete_response_1(p_number bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE v_parent bigint;
BEGIN
  DELETE FROM nekod.responses WHERE number = p_number AND followers = 0
    RETURNING parent_number INTO v_parent;
  IF FOUND AND v_parent IS NOT NULL THEN
    UPDATE nekod.responses SET followers = followers - 1 WHERE number = v_parent;
  END IF;
END $$;

-- Deletes at most p_most responses that expired and that no other follows: one by one, since the
-- one that is deleted may be the last that follows its parent.
CREATE FUNCTION nekod.sweep_responses_1(p_now bigint, p_most bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_number bigint;
  v_swept bigint := 0;
BEGIN
  WHILE v_swept < p_most LOOP
    SELECT number INTO v_number FROM nekod.responses
      WHERE followers = 0 AND expires_at <= p_now
      ORDER BY expires_at, number LIMIT 1 FOR UPDATE SKIP LOCKED;
    EXIT WHEN NOT FOUND;
    PERFORM nekod.delete_response_1(v_number);
    v_swept := v_swept + 1;
  END LOOP;
  RETURN v_swept;
END $$;

-- Stores a response; one that ended in another way stays as it is.
CREATE FUNCTION nekod.keep_response_1(
  p_node uuid, p_tenant text, p_id text, p_session text, p_parent text, p_state integer,
  p_object text, p_interrupted text, p_created_at bigint, p_expires_at bigint,
  p_item_ids text[], p_item_texts text[], p_inputs integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_old nekod.responses;
  v_number bigint;
  v_parent bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(p_tenant || chr(1) || p_id, 13));
  SELECT * INTO v_old FROM nekod.responses WHERE tenant = p_tenant AND id = p_id FOR UPDATE;
  IF FOUND AND v_old.state <> 0 AND v_old.state <> p_state THEN
    RETURN;
  END IF;
  -- Parents have lower numbers, so that no chain is a circle.
  IF p_parent <> '' THEN
    SELECT number INTO v_parent FROM nekod.responses
      WHERE tenant = p_tenant AND id = p_parent
        AND (v_old.number IS NULL OR number < v_old.number) FOR UPDATE;
  END IF;
  IF v_old.number IS NULL THEN
    INSERT INTO nekod.responses (tenant, id, session, parent, parent_number, state, created_at,
        expires_at, object, interrupted, node)
      VALUES (p_tenant, p_id, p_session, p_parent, v_parent, p_state, p_created_at, p_expires_at,
        p_object, p_interrupted, p_node)
      RETURNING number INTO v_number;
  ELSE
    v_number := v_old.number;
    UPDATE nekod.responses SET
        -- Its conversation was deleted without it: it stays without a session.
        session = CASE WHEN v_old.state = 2 AND v_old.session = '' THEN '' ELSE p_session END,
        parent = p_parent, parent_number = v_parent, state = p_state, created_at = p_created_at,
        expires_at = p_expires_at, object = p_object, interrupted = p_interrupted, node = p_node
      WHERE number = v_number;
    DELETE FROM nekod.response_items WHERE response = v_number;
  END IF;
  IF v_old.parent_number IS DISTINCT FROM v_parent THEN
    UPDATE nekod.responses SET followers = followers - 1 WHERE number = v_old.parent_number;
    UPDATE nekod.responses SET followers = followers + 1 WHERE number = v_parent;
  END IF;
  INSERT INTO nekod.response_items
    SELECT v_number, n - 1, p_tenant, i, n > p_inputs, t
      FROM unnest(p_item_ids, p_item_texts) WITH ORDINALITY AS added (i, t, n);
END $$;

-- A response that can be seen at p_now. One that runs on a node that is gone has failed.
CREATE FUNCTION nekod.show_response_1(p_tenant text, p_id text, p_now bigint)
RETURNS TABLE (session text, parent text, state integer, created_at bigint, expires_at bigint,
  object text, interrupted text, item_ids text[], item_texts text[], inputs bigint)
LANGUAGE sql STABLE AS $$
  SELECT r.session, r.parent, CASE WHEN g.gone THEN 2 ELSE r.state END, r.created_at,
      r.expires_at, CASE WHEN g.gone THEN r.interrupted ELSE r.object END,
      CASE WHEN g.gone THEN '' ELSE r.interrupted END, i.ids, i.texts, i.inputs
    FROM nekod.responses r,
      LATERAL (SELECT r.interrupted <> '' AND NOT EXISTS (
        SELECT 1 FROM nekod.nodes n WHERE n.id = r.node AND n.until > clock_timestamp())) g (gone),
      LATERAL (SELECT array_agg(x.id ORDER BY x.position), array_agg(x.item ORDER BY x.position),
          count(*) FILTER (WHERE NOT x.is_output)
        FROM nekod.response_items x WHERE x.response = r.number) i (ids, texts, inputs)
    WHERE r.tenant = p_tenant AND r.id = p_id AND r.expires_at > p_now
$$;

-- A response that can be seen, with the items of all before it.
CREATE FUNCTION nekod.show_chain_1(p_tenant text, p_id text, p_now bigint)
RETURNS TABLE (session text, state integer, item_ids text[], item_texts text[], outputs bigint)
LANGUAGE sql STABLE AS $$
  WITH RECURSIVE chain (number, parent_number, depth) AS (
      SELECT r.number, r.parent_number, 0 FROM nekod.responses r
        WHERE r.tenant = p_tenant AND r.id = p_id AND r.expires_at > p_now
    UNION ALL
      SELECT r.number, r.parent_number, c.depth + 1
        FROM chain c JOIN nekod.responses r ON r.number = c.parent_number
  )
  SELECT r.session,
      CASE WHEN r.interrupted <> '' AND NOT EXISTS (SELECT 1 FROM nekod.nodes n
             WHERE n.id = r.node AND n.until > clock_timestamp()) THEN 2 ELSE r.state END,
      i.ids, i.texts, i.outputs
    FROM chain newest JOIN nekod.responses r ON r.number = newest.number,
      LATERAL (SELECT array_agg(x.id ORDER BY c.depth DESC, x.position),
          array_agg(x.item ORDER BY c.depth DESC, x.position),
          count(*) FILTER (WHERE x.is_output AND c.depth = 0)
        FROM chain c JOIN nekod.response_items x ON x.response = c.number) i (ids, texts, outputs)
    WHERE newest.depth = 0
$$;

-- Deletes a response; whether it could be seen at p_now.
CREATE FUNCTION nekod.remove_response_1(p_tenant text, p_id text, p_now bigint, p_before bigint,
  p_most bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE v_end bigint;
BEGIN
  SELECT expires_at INTO v_end FROM nekod.responses WHERE tenant = p_tenant AND id = p_id;
  UPDATE nekod.responses SET expires_at = p_before WHERE tenant = p_tenant AND id = p_id;
  PERFORM nekod.sweep_responses_1(p_before, p_most);
  RETURN coalesce(v_end > p_now, false);
END $$;

-- -- to delete -------------------------------------------------------------------------------------

-- Deletes a session with its responses. Its holder on another node is told.
-- p_before: the time at which removed responses count as expired
-- p_spares: whether one that another node holds stays
CREATE FUNCTION nekod.remove_1(p_node uuid, p_tenant text, p_id text, p_before bigint,
  p_spares boolean) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_lease nekod.leases;
  v_responses bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(nekod.session_key_1(p_tenant, p_id));
  SELECT * INTO v_lease FROM nekod.leases WHERE tenant = p_tenant AND id = p_id;
  IF FOUND AND v_lease.node <> p_node AND nekod.lives_1(v_lease.node) THEN
    IF p_spares THEN
      RETURN false;
    END IF;
    PERFORM pg_notify('nekod', 'gone ' || v_lease.node || ' ' || v_lease.token);
  END IF;
  IF v_lease.wanted THEN
    PERFORM pg_notify('nekod', 'free ' || nekod.session_key_1(p_tenant, p_id));
  END IF;
  DELETE FROM nekod.leases WHERE tenant = p_tenant AND id = p_id;
  UPDATE nekod.responses SET expires_at = p_before WHERE tenant = p_tenant AND session = p_id
    AND session <> '';
  GET DIAGNOSTICS v_responses = ROW_COUNT;
  PERFORM nekod.sweep_responses_1(p_before, v_responses);
  DELETE FROM nekod.sessions WHERE tenant = p_tenant AND id = p_id;
  RETURN FOUND;
END $$;

-- Deletes a session that expired, unless it is held or being taken. Its responses stay.
CREATE FUNCTION nekod.expire_1(p_tenant text, p_id text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock(nekod.session_key_1(p_tenant, p_id)) THEN
    RETURN false;
  END IF;
  IF EXISTS (SELECT 1 FROM nekod.leases l WHERE l.tenant = p_tenant AND l.id = p_id
               AND nekod.lives_1(l.node)) THEN
    RETURN false;
  END IF;
  DELETE FROM nekod.leases WHERE tenant = p_tenant AND id = p_id;
  DELETE FROM nekod.sessions WHERE tenant = p_tenant AND id = p_id;
  RETURN FOUND;
END $$;

-- Deletes at most p_most sessions and responses that expired, the oldest first, and what nodes that
-- are gone have left. Of several nodes one does it at a time.
CREATE FUNCTION nekod.sweep_1(p_used bigint, p_made bigint, p_now bigint, p_most bigint,
  OUT swept bigint)
LANGUAGE plpgsql AS $$
DECLARE
  v record;
BEGIN
  swept := 0;
  IF NOT pg_try_advisory_xact_lock(hashtextextended('sweep', 14)) THEN
    RETURN;
  END IF;
  FOR v IN
    SELECT * FROM (
      (SELECT s.tenant, s.id FROM nekod.sessions s
         WHERE s.kept_until IS NULL AND s.last_used < p_used
           AND NOT EXISTS (SELECT 1 FROM nekod.leases l JOIN nekod.nodes n ON n.id = l.node
             WHERE l.tenant = s.tenant AND l.id = s.id AND n.until > clock_timestamp())
         ORDER BY s.last_used LIMIT p_most)
      UNION ALL
      (SELECT s.tenant, s.id FROM nekod.sessions s
         WHERE s.kept_until <= p_now AND s.last_used < p_used
           AND NOT EXISTS (SELECT 1 FROM nekod.leases l JOIN nekod.nodes n ON n.id = l.node
             WHERE l.tenant = s.tenant AND l.id = s.id AND n.until > clock_timestamp())
         ORDER BY s.kept_until LIMIT p_most)
      UNION ALL
      (SELECT s.tenant, s.id FROM nekod.sessions s
         WHERE s.created_at < p_made
           AND NOT EXISTS (SELECT 1 FROM nekod.leases l JOIN nekod.nodes n ON n.id = l.node
             WHERE l.tenant = s.tenant AND l.id = s.id AND n.until > clock_timestamp())
         ORDER BY s.created_at LIMIT p_most)) expired
  LOOP
    EXIT WHEN swept >= p_most;
    IF nekod.expire_1(v.tenant, v.id) THEN
      swept := swept + 1;
    END IF;
  END LOOP;
  swept := swept + nekod.sweep_responses_1(p_now, p_most - swept);
  IF swept < p_most THEN
    DELETE FROM nekod.answers WHERE until < clock_timestamp();
    FOR v IN SELECT DISTINCT r.node FROM nekod.responses r WHERE r.interrupted <> ''
               AND NOT nekod.lives_1(r.node) LOOP
      PERFORM nekod.end_responses_1(v.node);
    END LOOP;
    DELETE FROM nekod.asks k WHERE NOT nekod.lives_1(k.node);
    DELETE FROM nekod.leases l WHERE NOT nekod.lives_1(l.node) AND NOT EXISTS (
      SELECT 1 FROM nekod.sessions s WHERE s.tenant = l.tenant AND s.id = l.id);
    DELETE FROM nekod.nodes WHERE until < clock_timestamp() - interval '1 day';
  END IF;
END $$;

-- How many rows a table has: about, if they are many, since counting takes its time.
CREATE FUNCTION nekod.size_1(p_table regclass) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE v_size bigint;
BEGIN
  SELECT reltuples INTO v_size FROM pg_class WHERE oid = p_table;
  IF v_size < 200000 THEN
    EXECUTE 'SELECT count(*) FROM ' || p_table INTO v_size;
  END IF;
  RETURN v_size;
END $$;
