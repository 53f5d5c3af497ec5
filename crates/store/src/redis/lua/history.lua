-- Messages of a part of a room's past, ascending.
--
-- KEYS: head, log
-- ARGV: before, after or around; the number; limit; max events (0: no limit)
-- Gives nothing where there is no such room, else its epoch, 1 or 0 for more, and the events (see read.lua).

local epoch, head = head_of(KEYS[1])
if not epoch then return {} end
local side, number, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local lowest = hidden_up_to(head, tonumber(ARGV[4])) + 1
local now = now_ms()

-- The latest `want` messages before a number, newest first, and whether there are more.
local function before(top, want)
  local found = some_messages(KEYS[2], lowest, math.min(top - 1, head), want + 1, false, now)
  local more = #found > want
  if more then found[#found] = nil end
  return found, more
end

-- The first `want` messages from a number on, and whether there are more.
local function from(bottom, want)
  local found = some_messages(KEYS[2], math.max(bottom, lowest), head, want + 1, true, now)
  local more = #found > want
  if more then found[#found] = nil end
  return found, more
end

local events, more
if side == 'before' then
  events, more = before(number, limit)
  events = reversed(events)
elseif side == 'after' then
  events, more = from(number + 1, limit)
else
  local older_half = math.floor(limit / 2)
  local older, more_older = before(number, older_half)
  local newer, more_newer = from(number, limit - older_half)
  events, more = reversed(older), more_older or more_newer
  for _, event in ipairs(newer) do events[#events + 1] = event end
end
return answer_with({ epoch, more and 1 or 0 }, events)
