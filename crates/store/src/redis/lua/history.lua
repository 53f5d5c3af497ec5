-- Messages of a part of a room's past, ascending.
--
-- KEYS: head, log, hidden bits, members, rules
-- ARGV: before, after or around; the number; limit; max messages (0: no limit); who reads (empty: whoever may)
-- Gives nothing where there is no such room, `!` and why the reader may not, else its epoch, 1 or 0 for more, and the events (see entries.lua).

local held = redis.call('GET', KEYS[1])
local room = held and read_head(held)
if not room then return {} end
if ARGV[5] ~= '' then
  local denied = denied_to_read(room, KEYS[4], KEYS[5], ARGV[5], clock_ms())
  if denied then return { '!' .. denied } end
end
local side, number, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local log, hidden = KEYS[2], KEYS[3]
local lowest = floor_of(hidden, room, tonumber(ARGV[4])) + 1
local now = clock_ms()

-- At most `want` messages of some numbers, the last or, with `up`, the first, and whether
-- there are more that way.
local function some(from, to, want, up)
  local names, entries = some_messages(log, hidden, room, math.max(from, lowest), math.min(to, room.seq), want + 1, up, now)
  local more = #names > want
  if more then
    local place = up and #names or 1
    table.remove(names, place)
    table.remove(entries, place)
  end
  return names, entries, more
end

local names, entries, more
if side == 'before' then
  names, entries, more = some(lowest, number - 1, limit, false)
elseif side == 'after' then
  names, entries, more = some(number + 1, room.seq, limit, true)
else
  local older_half = math.floor(limit / 2)
  local more_older
  names, entries, more_older = some(lowest, number - 1, older_half, false)
  local newer_names, newer, more_newer = some(number, room.seq, limit - older_half, true)
  more = more_older or more_newer
  for i, name in ipairs(newer_names) do
    names[#names + 1] = name
    entries[#entries + 1] = newer[i]
  end
end
return answer_with({ room.epoch, more and 1 or 0 }, names, entries)
