-- Some members of a room, in their order.
--
-- KEYS: head, members, rules
-- ARGV: who asks, only those of this rank (0: all), those after this rank, time and user (0, 0 and
--   empty: from the first), how many
-- Gives nothing where there is no such room, `!` and why they may not, else how many members
--   there are, 1 or 0 for more, and of each user, rank, since when, and until when they are muted (empty: they are not)

local held = redis.call('GET', KEYS[1])
local room = held and read_head(held)
if not room then return {} end
local reader, rank, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[6])
local now = clock_ms()
local denied = denied_to_read(room, KEYS[2], KEYS[3], reader, now)
if denied then return { '!' .. denied } end

local first, last = 0, -1
if rank > 0 then
  first = redis.call('ZCOUNT', KEYS[2], '-inf', '(' .. score_of(rank, 0))
  last = redis.call('ZCOUNT', KEYS[2], '-inf', '(' .. score_of(rank - 1, 0)) - 1
end
if ARGV[5] ~= '' then
  local after = score_of(tonumber(ARGV[3]), tonumber(ARGV[4]))
  local place = redis.call('ZSCORE', KEYS[2], ARGV[5]) == after and redis.call('ZRANK', KEYS[2], ARGV[5])
  -- Who has another place by now, or none: on after where they were.
  local behind = place and place + 1 or redis.call('ZCOUNT', KEYS[2], '-inf', after)
  first = math.max(first, behind)
end
local found = {}
if last == -1 or first <= last then
  local to = first + limit
  if last >= 0 then to = math.min(to, last) end
  found = redis.call('ZRANGE', KEYS[2], first, to, 'WITHSCORES')
end
local answer = { redis.call('ZCARD', KEYS[2]), #found > 2 * limit and 1 or 0 }
for i = 1, math.min(#found, 2 * limit), 2 do
  local user, score = found[i], tonumber(found[i + 1])
  local muted = is_restrained(KEYS[3], 'mute', user, now)
  local n = #answer
  answer[n + 1], answer[n + 2], answer[n + 3] = user, 5 - math.floor(score / RANK), digits(score % RANK)
  answer[n + 4] = muted and string.match(redis.call('HGET', KEYS[3], 'mute ' .. user), '^%d+') or ''
end
return answer
