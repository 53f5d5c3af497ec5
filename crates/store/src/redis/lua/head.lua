-- The head of a room: one short string, so that those of all rooms of a call are read and
-- written at once: `epoch seq ts past kind name`.
--   epoch, seq, ts  life of the log, last number, its time
--   (behind the epoch) `,epoch:seq` of each epoch before it, the youngest first: up to
--                   that number the log is the same as the one that was called so
--   past            `-` where every number is a message that is there, else
--                   `floor:hidden:base:text:first`, and `:x` where events expire
--     floor         up to this number nothing is to be seen
--     hidden        how many above it are no visible messages (see hidden.lua)
--     base          the number before that of the first bit of those
--     text          up to this number the log holds no texts any more (see log.lua)
--     first         and up to this one nothing at all
--   kind, name      who may come in (behind it `:` and the letters of people.lua), what people
--                   call it; no name where the id says it

--
-- Where somebody deleted the room, DELETED stands there for a while in its place: who still
-- knows of the room does not make it again by that.
local DELETED, DELETED_MS = 'deleted', 24 * 3600 * 1000

-- How many epochs before its own a room remembers.
local MOST_FORKS = 8

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

-- The room of a head; nil where that is damaged.
local function read_head(held)
  local epoch, forks, seq, ts, past, tail = string.match(held, '^(%w+)(%S*) (%d+) (%d+) (%S+) (.+)$')
  if not epoch then return nil end
  local room = { epoch = epoch, forks = forks, seq = tonumber(seq), seq_digits = seq, ts = tonumber(ts), ts_digits = ts, past = past, tail = tail,
    floor = 0, hidden = 0, base = 0, text = 0, first = 0 }
  if past ~= '-' then
    local floor, hidden, base, text, first, expiring = string.match(past, '^(%d+):(%d+):(%d+):(%d+):(%d+)(.*)$')
    if not floor then return nil end
    room.floor, room.hidden, room.base, room.text, room.first = tonumber(floor), tonumber(hidden), tonumber(base), tonumber(text), tonumber(first)
    room.expiring = expiring ~= ''
  end
  return room
end

-- The room of a head; nil alone where there is none, nil and words where it is damaged, nil, nil
-- and true where it was deleted. One that
-- ends before what is known of it was rolled back, and goes on in another epoch after that.
-- Nothing is written yet: `fresh` says that the epoch is a new one, and `gap` after which
-- number those are missing that were lost. `seq_digits` and `ts_digits` are always what `seq`
-- and `ts` are; whoever changes what `past` tells of makes that nil.
local function find_room(held, known_epoch, known_seq, term, word)
  if not held or held == DELETED then return nil, nil, held == DELETED end
  local room = read_head(held)
  if not room then return nil, 'the head of the room is damaged' end
  if known_seq and room.epoch == known_epoch and room.seq < known_seq then
    begin_epoch(room, term, word)
    room.gap, room.seq, room.seq_digits = room.seq, known_seq, digits(known_seq)
  end
  return room
end

local function past_of(room)
  if room.past then return room.past end
  if room.expiring or room.floor > 0 or room.hidden > 0 or room.base > 0 or room.text > 0 then
    return string.format('%d:%d:%d:%d:%d', room.floor, room.hidden, room.base, room.text, room.first) .. (room.expiring and ':x' or '')
  end
  return '-'
end

-- The head of a room as it is to be written.
local function head_of_room(room)
  return room.epoch .. room.forks .. ' ' .. room.seq_digits .. ' ' .. room.ts_digits .. ' ' .. past_of(room) .. ' ' .. room.tail
end

-- Whether a log has what stood up to a number in that of another epoch, or in itself.
local function shares(room, other, seq)
  if other == room.epoch then return seq <= room.seq end
  for parent, shared in string.gmatch(room.forks, ',(%w+):(%d+)') do
    if parent == other then return seq <= tonumber(shared) end
  end
  return false
end
