-- Lets nonces grow old and takes those away that are too old to matter.
--
-- They lie in two hashes that take turns: the newest is written to, both are read, and
-- where a turn is over the older one is emptied, in the background, to be the newest. How
-- long a turn has lasted is the sum of what passed between the calls of this script, each
-- time as much as can really have passed: a clock that is set, however far and often, ages
-- nothing. Nothing of it expires.
--
-- KEYS: nonces:even, nonces:odd, the turn
-- ARGV: how long a turn lasts, and what counts at most of the time between two calls, in ms
-- Gives the number of the turn.

local GENERATION_MS, MOST_MS = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local held = redis.call('GET', KEYS[3]) or ''
local turn, age, last = string.match(held, '^(%d+) (%d+) (%d+)$')
turn, age, last = tonumber(turn or 0), tonumber(age or 0), tonumber(last or now)
age = age + math.max(0, math.min(now - last, MOST_MS))
if age >= GENERATION_MS then
  turn, age = turn + 1, 0
  redis.call('UNLINK', KEYS[turn % 2 + 1])
end
redis.call('SET', KEYS[3], string.format('%d %d %d', turn, age, now))
return turn
