-- What the scripts share that may begin an epoch: finding a room, making it, and seeing
-- that its log was rolled back. A script must never fail halfway, so whatever can
-- fail is called with pcall and comes back as words.
--
-- The head of a room is one short string, so that the heads of all rooms of a
-- call are read and written at once: `epoch seq ts expiry kind name`.
--   epoch, seq, ts  life of the log, last number, its time
--   (behind the epoch) `,epoch:seq` of each epoch before it, the youngest first: up to
--                   that number the log is the same as the one that was called so
--   expiry          `-`, or `ttl:immortal:expires` where events have or had a lifetime:
--                   how long they live (0: for good), up to which number they do not
--                   expire, and when the last of all others does
--   kind, name      who may come in, what people call it; no name where the id says it

-- How long a room's numbers outlive its last event, in milliseconds.
local GRACE_MS = 3600000
-- How many epochs before its own a room remembers.
local MOST_FORKS = 8

-- The clock of all messages, in milliseconds.
local function clock_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function digits(number) return string.format('%d', number) end

-- The last number in a log whose room is not known, 0 where there is none.
local function last_in(log)
  local last = redis.pcall('XREVRANGE', log, '+', '-', 'COUNT', 1)
  if last.err then return nil, last.err end
  if #last == 0 then return 0 end
  return tonumber(string.match(last[1][1], '^%d+'))
end

-- The word that the epochs of a term begin with (see term.lua); nothing before the first.
local function word_of(held_term) return string.match(held_term or '', '^%w*') end

-- Whether an epoch was begun in another term: what has followed in it since may be lost.
local function is_of_another(term, epoch) return string.sub(epoch, 1, #term) ~= term end

-- What a log shares with those before it when it goes on after its end in another epoch.
local function forked(epoch, forks, seq)
  local all = { string.format(',%s:%d', epoch, seq) }
  for parent, shared in string.gmatch(forks, ',(%w+):(%d+)') do
    if #all == MOST_FORKS then break end
    all[#all + 1] = string.format(',%s:%d', parent, math.min(tonumber(shared), seq))
  end
  return table.concat(all)
end

-- Begins another epoch after what was found. Where Redis is in another term than the log,
-- the end of the log is all that may be lost. Within a term nothing explains a loss, and
-- nothing is known to be shared with what was.
local function begin_epoch(room, term, word)
  room.forks = is_of_another(term, room.epoch) and forked(room.epoch, room.forks, room.seq) or ''
  room.epoch, room.fresh = term .. word, true
end

-- A room that is not there yet: its numbers go on after whatever is known.
local function new_room(log, known_seq, term, word)
  local last, failure = last_in(log)
  if not last then return nil, failure end
  local seq = math.max(known_seq or 0, last)
  return { log = log, fresh = true, epoch = term .. word, forks = '', seq = seq, seq_digits = digits(seq), ts = 0, ts_digits = '0', ttl = 0, tail = '- public ' }
end

-- The room whose head was read (false: there is none), made where that is wanted or
-- `known_seq` says that it was there. Gives the room, or nil and words, or nil alone
-- where there is none. Nothing is written yet: `fresh` says that the epoch is a new one.
-- `seq_digits` and `ts_digits` are always what `seq` and `ts` are; `immortal` and
-- `expires` are there where `ttl` is not 0.
local function find_room(held, log, known_epoch, known_seq, create, term, word)
  if not held then
    if not (create or known_seq) then return nil end
    return new_room(log, known_seq, term, word)
  end
  local epoch, forks, seq, ts, tail = string.match(held, '^(%w+)(%S*) (%d+) (%d+) (.+)$')
  if not epoch then return nil, 'the head of the room is damaged' end
  local room = { log = log, epoch = epoch, forks = forks, seq = tonumber(seq), seq_digits = seq, ts = tonumber(ts), ts_digits = ts, ttl = 0, tail = tail }
  if known_seq and epoch == known_epoch and room.seq < known_seq then
    begin_epoch(room, term, word)
    room.seq, room.seq_digits = known_seq, digits(known_seq)
  end
  if string.byte(tail) ~= 45 then -- not a `-`
    local ttl, immortal, expires, rest = string.match(tail, '^(%d+):(%d+):(%d+)( .+)$')
    if not ttl then return nil, 'the head of the room is damaged' end
    room.ttl, room.immortal, room.expires, room.tail = tonumber(ttl), tonumber(immortal), tonumber(expires), '-' .. rest
  end
  return room
end

-- Prepares a room for events that expire.
local function let_expire(room)
  if room.ttl == 0 then room.immortal, room.expires = room.seq, room.expires or 0 end
end

-- The head of a room as it is to be written. `ttl` is how long events live from now on, 0 for good.
local function head_of_room(room, ttl)
  local tail = room.tail
  if ttl > 0 or room.ttl > 0 then
    tail = ttl .. ':' .. digits(room.immortal) .. ':' .. digits(room.expires) .. string.sub(tail, 2)
  end
  return room.epoch .. room.forks .. ' ' .. room.seq_digits .. ' ' .. room.ts_digits .. ' ' .. tail
end

-- Sets when a room whose head was just written is over. Where its events no
-- longer expire, it stays for good: writing a head has made it so already.
local function expire_room(head, room, ttl)
  if ttl > 0 then
    redis.call('PEXPIREAT', head, math.max(room.expires, room.ts + ttl) + GRACE_MS)
  elseif room.ttl > 0 then
    redis.call('PERSIST', room.log)
  end
end

-- Writes the head of a room that is new or goes on in another epoch. Of any other it says
-- that people are there: its numbers go on for as long.
local function keep_room(head, room, ttl, now)
  if room.fresh then
    room.ts, room.ts_digits = now, digits(now)
    if ttl > 0 then let_expire(room) end
    redis.call('SET', head, head_of_room(room, ttl))
    expire_room(head, room, ttl)
  elseif ttl > 0 and room.ttl > 0 then
    redis.call('PEXPIREAT', head, math.max(room.expires, now + ttl) + GRACE_MS, 'GT')
  end
end
