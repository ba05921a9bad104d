-- Step 5 of the schema: a take that is carried out twice, since the link broke, finds its session
-- again; and a request that continues a conversation is noted like one that begins one, so that its
-- repetition at another node waits for it.

-- Takes a session for a token.
--   p_answer: 0 the request's earlier answer is ignored, 1 wanted, 2 forgotten
--   p_released: tokens of the node whose release is under way
--   p_takes_over: whether what nodes that are gone held may be taken
--   p_texts: whether the chat of a turn that was cut can be begun anew from stored messages
--   how: 0 nothing, 1 by id, 2 by answer, 3 by tip, 4 another node has it: wait for 'free' of key
CREATE OR REPLACE FUNCTION nekod.take_1(
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
        v_held := v_candidate.node IS NOT NULL AND v_candidate.token <> p_token
          AND NOT v_candidate.token = ANY (p_released)
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
        v_held := v_candidate.node IS NOT NULL AND v_candidate.token <> p_token
          AND NOT v_candidate.token = ANY (p_released)
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
                     AND l.token <> p_token AND NOT l.token = ANY (p_released)
                     AND (l.node = p_node OR nekod.lives_1(l.node))) THEN
          v_id := v_candidate.id;
          how := 3;
          IF p_answer = 1 THEN
            INSERT INTO nekod.asks VALUES (p_tenant, p_identity, p_node, p_token, false)
              ON CONFLICT ON CONSTRAINT asks_pkey
              DO UPDATE SET node = p_node, token = p_token, wanted = false;
          END IF;
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
