-- Events that tell of a change of a room and are no messages.
--
-- `to` says where: the `log`, the `hidden` bits and the `feed` (keys), what is `due` in the partition (a key), the
-- `channel`, the `id` of the room, the `server_id`, the `term`, a fresh `word`, the `ttl` (0: none), and what time it is `now`.

local FEED_ENTRIES = 10000 -- as in append.lua

-- Stores an event behind the last one and publishes it. Gives its number and its time, in digits.
local function tell(to, room, letter, kind_name, fields)
  if is_of_another(to.term, room.epoch) and not room.fresh then begin_epoch(room, to.term, to.word) end
  hide_gap(to.hidden, room)
  if room.ts < to.now then room.ts, room.ts_digits = to.now, digits(to.now) end
  local when, expires_field = room.ts_digits, ''
  if to.ttl > 0 then
    local expires = digits(room.ts + to.ttl)
    when, expires_field = when .. 'x' .. expires, ',"expires_at":' .. expires
    if not room.expiring then room.expiring, room.past = true, nil end
  end
  room.seq, room.seq_digits = room.seq + 1, digits(room.seq + 1)
  redis.call('HSET', to.log, room.seq_digits, letter .. when .. ':' .. fields)
  hide(to.hidden, room, room.seq)
  redis.call('PUBLISH', to.channel, '{"server_id":"' .. to.server_id .. '","type":"' .. kind_name .. '","room":"' .. to.id .. '","epoch":"' .. room.epoch
    .. '","seq":' .. room.seq_digits .. expires_field .. ',"data":{"type":"' .. kind_name .. '","room":"' .. to.id .. '","seq":' .. room.seq_digits
    .. ',"ts":' .. room.ts_digits .. expires_field .. ',' .. fields .. '}}\n')
  return room.seq_digits, room.ts_digits
end

-- Where the events of a room go whose change was asked for with these first arguments: server id, channel, a fresh word, the
-- room, what is known of it (two), the ttl.
local function place_to_tell(keys, term, now)
  return { server_id = ARGV[1], channel = ARGV[2], word = ARGV[3], id = ARGV[4], ttl = tonumber(ARGV[7]), term = term, now = now,
    log = keys.log, hidden = keys.hidden, feed = keys.feed, due = keys.due }
end

-- Has those who come later find what was told behind a number.
local function note_told(to, room, before)
  if room.seq == before then return end
  local first = digits(before + 1)
  redis.call('XADD', to.feed, 'MAXLEN', '~', FEED_ENTRIES, '*', to.id, first == room.seq_digits and first or first .. '-' .. room.seq_digits)
  if to.ttl > 0 then redis.call('ZADD', to.due, 'LT', digits(room.ts + to.ttl), to.id) end
end
