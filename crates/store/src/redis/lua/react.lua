-- Changes what several people think of a message, in one step.
--
-- KEYS: the partition, head, log, hidden bits, members, rules, who wrote lately, reactors, the feed, what is due in the
--   partition, what says that something was told of the message a moment ago
-- ARGV: server id, the channel, a fresh word, the room, known epoch and known seq (may be empty), the ttl (0: none), max
--   messages (0: no limit), the message, how many different emoji it may have, for how long nothing is told of it again (ms), of
--   how many changes it is said whose they are; then of each change + or -, the emoji, the user id, the user as JSON
-- Gives nothing where there is no such room; `?` where there is no such message; `wait` and how long where something was told
--   of it a moment ago and nothing was done; else the epoch, the seq and ts of the event (0 and 0: nothing is otherwise), what it tells, and of
--   each change `+` (done) or `=` (it was so) and the count of the emoji, or `^` and why not.

local word, known_epoch = ARGV[3], ARGV[5]
local most, target, most_emoji, pause_ms, most_told = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10]), ARGV[11], tonumber(ARGV[12])
local CHANGES = 12 -- the first change begins with the argument after this one
local keys = { head = KEYS[2], log = KEYS[3], hidden = KEYS[4], members = KEYS[5], rules = KEYS[6], wrote = KEYS[7], reactors = KEYS[8], feed = KEYS[9], due = KEYS[10] }
local pause = KEYS[11]

local term = word_of(redis.call('GET', KEYS[1]))
local room, failure, deleted = find_room(redis.call('GET', keys.head), known_epoch, tonumber(ARGV[6]), term, word)
if failure then return redis.error_reply(failure) end
if not room then return {} end
local now = math.max(clock_ms(), room.ts)
local count = (#ARGV - CHANGES) / 4
local guarded = is_guarded(room)

-- Why somebody may not react here; nil where they may.
local function denied(user)
  if not guarded then return rank_of(keys.members, user) == 0 and 'stranger' or nil end
  local why = denied_to_write(room, keys, user, now)
  -- Only messages are to come slowly, and only they are for admins alone.
  if why == 'admins' or why and string.sub(why, 1, 4) == 'slow' then return nil end
  return why
end

local refused, allowed = {}, 0
for k = 1, count do
  refused[k] = denied(ARGV[CHANGES + 4 * k - 1])
  if not refused[k] then allowed = allowed + 1 end
end
local before, fields = message_at(keys, room, most, target, now)
if not before and allowed > 0 then return { '?' } end
local wait = allowed > 0 and redis.call('PTTL', pause) or 0
if wait > 0 then return { 'wait', digits(wait) } end

-- The reactions that there are, in the order of their first use.
local rest, reactions, pinned = tail_of(fields or '')
local order, counts = {}, {}
for emoji, number in string.gmatch(reactions or '', '"emoji":"([^"]+)","count":(%d+)') do
  order[#order + 1], counts[emoji] = emoji, tonumber(number)
end

-- Takes an emoji away that nobody uses any more.
local function forget(emoji)
  counts[emoji] = nil
  for i, other in ipairs(order) do
    if other == emoji then return table.remove(order, i) end
  end
end

-- Does one change. Gives whether anything is otherwise, or nil where it cannot be done.
local function change(sign, emoji, user)
  local member = string.format('%016d %s %s', target, emoji, user)
  if sign == '-' then
    if redis.call('ZREM', keys.reactors, member) == 0 then return false end
    counts[emoji] = (counts[emoji] or 1) - 1
    if counts[emoji] <= 0 then forget(emoji) end
    return true
  end
  if not counts[emoji] and #order >= most_emoji then return nil end
  if redis.call('ZADD', keys.reactors, 'NX', 0, member) == 0 then return false end
  if not counts[emoji] then order[#order + 1], counts[emoji] = emoji, 0 end
  counts[emoji] = counts[emoji] + 1
  return true
end

local outcomes, done = {}, {}
for k = 1, count do
  local sign, emoji, user = unpack(ARGV, CHANGES + 4 * k - 3, CHANGES + 4 * k - 1)
  if refused[k] then
    outcomes[k] = '^' .. refused[k]
  else
    local changed = change(sign, emoji, user)
    if changed == nil then
      outcomes[k] = '^reactions'
    else
      outcomes[k] = (changed and '+' or '=') .. digits(counts[emoji] or 0)
      if changed then done[#done + 1] = k end
    end
  end
end
if #done == 0 then return { room.epoch, '0', '0', '', unpack(outcomes) } end

local written = {}
for i, emoji in ipairs(order) do written[i] = '{"emoji":"' .. emoji .. '","count":' .. digits(counts[emoji]) .. '}' end
local list = #written > 0 and '[' .. table.concat(written, ',') .. ']' or nil
redis.call('HSET', keys.log, digits(target), 'm' .. before .. ':' .. with_tail(rest, list, pinned))
set_letter(room, 'e')

-- One change is told by who did it; several by what there is now, and whose they are where these are few.
local told
if #done == 1 then
  local sign, emoji, _, user = unpack(ARGV, CHANGES + 4 * done[1] - 3, CHANGES + 4 * done[1])
  told = '"target":' .. digits(target) .. ',"emoji":"' .. emoji .. '","on":' .. (sign == '+' and 'true' or 'false') .. ',"by":' .. user
    .. ',"count":' .. digits(counts[emoji] or 0)
else
  told = '"target":' .. digits(target) .. ',"reactions":' .. (list or '[]')
  local whose = {}
  for i = 1, #done <= most_told and #done or 0 do
    local sign, emoji, _, user = unpack(ARGV, CHANGES + 4 * done[i] - 3, CHANGES + 4 * done[i])
    whose[i] = '{"emoji":"' .. emoji .. '","on":' .. (sign == '+' and 'true' or 'false') .. ',"by":' .. user .. '}'
  end
  if #whose > 0 then told = told .. ',"changes":[' .. table.concat(whose, ',') .. ']' end
end
local to = place_to_tell(keys, term, now)
local last = room.seq
local seq, ts = tell(to, room, 'r', 'reacted', told)
note_told(to, room, last)
redis.call('SET', keys.head, head_of_room(room))
redis.call('SET', pause, '', 'PX', pause_ms)
return { room.epoch, seq, ts, told, unpack(outcomes) }
