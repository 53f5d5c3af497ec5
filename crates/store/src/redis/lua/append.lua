-- Numbers, stores and publishes events of any rooms in one step.
--
-- KEYS: the feed, the partitions, the heads of the rooms, their logs, their hidden bits, their
--   members, their rules, who wrote there lately, who reacted there; for each room with a ttl what is due in its partition
-- ARGV: server id, max messages (0: no limit), a fresh word, the channel, how many rooms,
--   the kinds of all events (a letter each, a capital where the event overwrites another), how
--   many events each room has and in which partition it lies (three bytes each, the high one of
--   the count first), the ttl of each room (digits and a space each; nothing where none has one);
--   the nonce of each event as it stands in the log (may be empty), whose event each is; then of each room its id,
--   known epoch and known seq (both may be empty), and of its events the JSON fields and, where
--   it overwrites another, the number of that one, and its text from now on (empty where it is to
--   be deleted), which is told with the event and not kept with it
-- Gives lines: of each room its epoch and then of each event `seq-ts` (stored), `=seq-ts`
--   (seen before), `?` (there is nothing to overwrite), `-` (no such room), `^why` (whose it is
--   may not do that) or `!words` (it cannot be done).
--
-- Time goes by commands, arguments and bytes: each call of a command costs about as much
-- as all else that is done for an event, an argument is made and freed by Redis and by
-- Lua, and Lua hashes every byte of each string that is made. So heads are read and
-- written for all rooms at once, a log is read once and written once, what is short
-- travels packed, and a number is written in digits once. Messages of rooms about which nothing
-- is out of the ordinary go another way (append_plain.lua).

local KINDS = { m = 'message', e = 'edited', d = 'deleted', r = 'reacted', p = 'pinned', u = 'member', c = 'changed' }
-- So many messages beyond the limit, or behind their time, are let gather before they are taken away.
local TRIM_EVERY = 64
-- At most so many numbers are taken away of a room, and so many before the last room of which any are.
local TRIM_MOST, TRIM_ENOUGH = 256, 512
-- How many entries a feed has at least.
local FEED_ENTRIES = 10000
-- Lines are published when they have so many bytes: table.concat makes (and
-- hashes) what is longer than 8192 twice.
local PAYLOAD_BYTES = 8000

local server_id, most, word, channel = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local rooms, letters, counts = tonumber(ARGV[5]), ARGV[6], ARGV[7]
local ttls = ARGV[8] ~= '' and string.gmatch(ARGV[8], '%d+')
local NONCES = 8 -- the nonce of the first event is the argument after this one
local PARTITIONS = 1 -- the first partition is the key after this one
-- The third byte of a room is the place of its partition: the last is that of all.
local partitions = 0
for k = 1, rooms do partitions = math.max(partitions, string.byte(counts, 3 * k)) end
local HEADS = PARTITIONS + partitions
local LOGS, HIDDEN, MEMBERS, RULES, WROTE = HEADS + rooms, HEADS + 2 * rooms, HEADS + 3 * rooms, HEADS + 4 * rooms, HEADS + 5 * rooms
local REACTORS = HEADS + 6 * rooms
local DUE = HEADS + 7 * rooms
local now = clock_ms()
local now_digits = digits(now)
local lines, bytes, reply = {}, 0, {}

local function publish()
  redis.call('PUBLISH', channel, table.concat(lines))
  lines, bytes = {}, 0
end

-- What stands in a log from now on in place of a message; nil where that is not there, or
-- nil and the line of the answer where it is not to be.
local function overwritten(log, hidden, people, room, target, replacement, user)
  if not target or target > room.seq or target <= floor_of(hidden, room, most) then return nil, '?' end
  local entry = redis.call('HGET', log, digits(target)) or ''
  local expires = expiry_of(entry)
  if expires and expires <= now then return nil, '?' end
  local deletes = replacement == ''
  if deletes and string.byte(entry) == 116 then -- a `t`
    return nil, '=' .. place_of(log, redis.call('HGET', log, 'd' .. digits(target)) or digits(target))
  end
  local before, fields = parts_of_message(entry)
  if not before then return nil, '?' end
  -- A quote within a name has a backslash before it, so that the end of who wrote it is found.
  local author = '"from":{"id":"' .. string.gsub(user, '["\\]', '\\%0') .. '","name":'
  if string.sub(fields, 1, #author) ~= author and (not deletes or rank_of(people.members, user) < ADMIN) then return nil, '^role' end
  if not deletes then
    local first, _, last = text_in(fields)
    if not first then return nil, '?' end
    return 'm' .. before .. ':' .. string.sub(fields, 1, first - 1) .. replacement .. ',"edited_at":' .. room.ts_digits .. string.sub(fields, last + 1)
  end
  local from = string.find(fields, '"},"text":', 1, true)
  return 't' .. before .. ':' .. string.sub(fields, 1, from and from + 1 or 0) .. (from and ',' or '') .. '"deleted":true'
end

-- What the envelope of an event and the event in it begin with, by the letter of its kind.
local envelope_of, data_of = {}, {}
local function heads_of(letter)
  local kind = KINDS[letter]
  envelope_of[letter] = '{"server_id":"' .. server_id .. '","type":"' .. kind .. '","room":"'
  data_of[letter] = ',"data":{"type":"' .. kind .. '","room":"'
end

-- Tells of an event.
local function tell(letter, id, epoch, seq, ts, expires_field, fields)
  if not envelope_of[letter] then heads_of(letter) end
  local head = envelope_of[letter] .. id .. '","epoch":"' .. epoch .. '","seq":' .. seq .. expires_field
    .. data_of[letter] .. id .. '","seq":' .. seq .. ',"ts":' .. ts .. expires_field .. ','
  local length = #head + #fields + 3
  if bytes > 0 and bytes + length > PAYLOAD_BYTES then publish() end
  bytes = bytes + length
  local n = #lines
  lines[n + 1], lines[n + 2], lines[n + 3] = head, fields, '}}\n'
end

-- Why somebody may not do what an event tells of; nil where they may. What is one's own is
-- taken back by whoever is a member.
local function denied_event(room, keys, letter, user)
  if letter == 'd' and rank_of(keys.members, user) > 0 then return nil end
  local denied = denied_to_write(room, keys, user, now)
  -- Only messages are to come slowly.
  if letter ~= 'm' and denied and string.sub(denied, 1, 4) == 'slow' then return nil end
  return denied
end

-- Appends the `count` events after the event `event`, whose arguments begin at `at`, to a room.
local function append_to(room, log, hidden, people, ttl, id, event, at, count)
  if room.ts < now then room.ts, room.ts_digits = now, now_digits end
  local when, expires_field = room.ts_digits, ''
  if ttl > 0 then
    local expires = digits(room.ts + ttl)
    when, expires_field = when .. 'x' .. expires, ',"expires_at":' .. expires
    if not room.expiring then room.expiring, room.past = true, nil end
  end
  local nonces, users = NONCES + event, NONCES + #letters + event
  local guarded = is_guarded(room)
  local again, to_set, set = {}, {}, 0
  -- Also where there are no nonces: what cannot be read must not fail halfway.
  local seen = redis.pcall('HMGET', log, unpack(ARGV, nonces + 1, nonces + count))
  if seen.err then
    for _ = 1, count do reply[#reply + 1] = '!' .. seen.err end
    return
  end
  -- Writes what was gathered, before somebody has to read it.
  local function write()
    if set > 0 then redis.call('HSET', log, unpack(to_set, 1, set)) end
    to_set, set = {}, 0
  end
  for i = 1, count do
    local nonce, letter, fields = ARGV[nonces + i], string.sub(letters, event + i, event + i), ARGV[at]
    at = at + 1
    local before, entry, target, replacement, refused = nonce ~= '' and (seen[i] or again[nonce]), nil, nil, nil, nil
    local overwrites = string.byte(letter) < 97
    if overwrites then
      letter, target, replacement, at = string.lower(letter), tonumber(ARGV[at]), ARGV[at + 1], at + 2
      write()
      if not before then entry, refused = overwritten(log, hidden, people, room, target, replacement, ARGV[users + i]) end
    end
    local denied = guarded and not before and denied_event(room, people, letter, ARGV[users + i])
    if before then
      write()
      reply[#reply + 1] = '=' .. place_of(log, before)
    elseif denied then
      reply[#reply + 1] = '^' .. denied
    elseif overwrites and not entry then
      reply[#reply + 1] = refused
    else
      if overwrites then
        redis.call('HSET', log, digits(target), entry)
        if string.byte(entry) == 116 then -- a `t`
          -- What is out of sight stays so, though there is a message less.
          move_floor(hidden, room, floor_of(hidden, room, most))
          hide(hidden, room, target)
          forget_reactions_to(room, people.reactors, target)
          unpin(room, people.rules, digits(target))
          -- Who deletes it again is told of this.
          redis.call('HSET', log, 'd' .. digits(target), digits(room.seq + 1))
        end
      end
      local seq = digits(room.seq + 1)
      room.seq, room.seq_digits = room.seq + 1, seq
      reply[#reply + 1] = seq .. '-' .. room.ts_digits
      to_set[set + 1], to_set[set + 2] = seq, letter .. when .. nonce .. ':' .. fields
      set = set + 2
      if nonce ~= '' then
        again[nonce] = seq
        to_set[set + 1], to_set[set + 2] = nonce, seq
        set = set + 2
      end
      if letter ~= 'm' then hide(hidden, room, room.seq) end
      if guarded and letter == 'm' then note_written(room, people, ARGV[users + i], now) end
      if letter == 'e' and overwrites then fields = fields .. ',"text":' .. replacement end
      tell(letter, id, room.epoch, seq, room.ts_digits, expires_field, fields)
    end
  end
  write()
end

local trimmed = 0
-- Takes away what is out of sight, once for some events. What is too much now waits for the tidying.
local function trim(room, log, hidden, reactors, age, before)
  if room.expiring and math.floor(before / TRIM_EVERY) < math.floor(room.seq / TRIM_EVERY) then
    expire(log, hidden, room, now, TRIM_MOST)
    trimmed = trimmed + TRIM_EVERY
  end
  if most > 0 and room.seq - room.floor - room.hidden >= most + TRIM_EVERY then
    move_floor(hidden, room, floor_of(hidden, room, most))
  end
  if room.floor - room.text >= TRIM_EVERY then
    trimmed = trimmed + math.min(room.floor - room.text, TRIM_MOST)
    trim_texts(log, room, age, TRIM_MOST)
    forget_nonces(log, room, age, TRIM_MOST)
    forget_reactions(room, reactors)
  end
end

local held = redis.call('MGET', unpack(KEYS, PARTITIONS + 1, HEADS + rooms))
local heads, grown, due = {}, {}, DUE
-- Appends to the room of a place in the call.
local function append_to_room(k, held_head, partition, id, known_epoch, known_seq, ttl, event, at, count)
  local term = word_of(partition)
  local room, failure = find_room(held_head, known_epoch, tonumber(known_seq), term, word)
  reply[#reply + 1] = room and room.epoch or ''
  if not room then
    for _ = 1, count do reply[#reply + 1] = failure and '!' .. failure or '-' end
    return
  end
  if not room.fresh and is_of_another(term, room.epoch) then
    begin_epoch(room, term, word)
    reply[#reply] = room.epoch
  end
  local log, hidden, before = KEYS[LOGS + k], KEYS[HIDDEN + k], room.seq
  hide_gap(hidden, room)
  local people = { members = KEYS[MEMBERS + k], rules = KEYS[RULES + k], wrote = KEYS[WROTE + k], reactors = KEYS[REACTORS + k] }
  append_to(room, log, hidden, people, ttl, id, event, at, count)
  local added = room.seq > before
  if added and trimmed < TRIM_ENOUGH then trim(room, log, hidden, people.reactors, age_of(partition), before) end
  if added and ttl > 0 then redis.call('ZADD', KEYS[due], 'LT', digits(room.ts + ttl), id) end
  if not added and not room.fresh then return end
  local n = #heads
  heads[n + 1], heads[n + 2] = KEYS[HEADS + k], head_of_room(room)
  if not added then return end
  n = #grown
  grown[n + 1], grown[n + 2] = id, before + 1 == room.seq and room.seq_digits or digits(before + 1) .. '-' .. room.seq_digits
end

local event, at = 0, NONCES + 2 * #letters + 1
local any_overwrites = string.find(letters, '%u')
for k = 1, rooms do
  local id, known_epoch, known_seq = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local high, low, partition = string.byte(counts, 3 * k - 2, 3 * k)
  local count, ttl = 256 * high + low, ttls and tonumber(ttls()) or 0
  if ttl > 0 then due = due + 1 end
  append_to_room(k, held[partitions + k], held[partition], id, known_epoch, known_seq, ttl, event, at + 3, count)
  at = at + 3 + count
  if any_overwrites then
    local _, overwrites = string.gsub(string.sub(letters, event + 1, event + count), '%u', '')
    at = at + 2 * overwrites
  end
  event = event + count
end
if #heads > 0 then redis.call('MSET', unpack(heads)) end
if #grown > 0 then redis.call('XADD', KEYS[1], 'MAXLEN', '~', FEED_ENTRIES, '*', unpack(grown)) end
if bytes > 0 then publish() end
return table.concat(reply, '\n')
