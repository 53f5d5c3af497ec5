-- Who thinks so of a message.
--
-- KEYS: head, members, rules, log, hidden bits, reactors
-- ARGV: who asks, the message, the emoji, the user after whom (may be empty), at most how many, max messages (0: no limit)
-- Gives nothing where there is no such room, `!` and why they may not, `?` where there is no such message, else 1 or 0 for
--   more, and the users, by their ids.

local user, target, emoji, after, limit = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], tonumber(ARGV[5])
local held = redis.call('GET', KEYS[1])
local room = held and read_head(held)
if not room then return {} end
local now = clock_ms()
local denied = denied_to_read(room, KEYS[2], KEYS[3], user, now)
if denied then return { '!' .. denied } end
if not message_at({ log = KEYS[4], hidden = KEYS[5] }, room, tonumber(ARGV[6]), target, now) then return { '?' } end
local prefix = string.format('%016d %s ', target, emoji)
-- A `!` comes right behind a blank.
local last = '(' .. string.sub(prefix, 1, -2) .. '!'
local members = redis.call('ZRANGEBYLEX', KEYS[6], '(' .. prefix .. after, last, 'LIMIT', 0, limit + 1)
local answer = { #members > limit and '1' or '0' }
for i = 1, math.min(#members, limit) do answer[#answer + 1] = string.sub(members[i], #prefix + 1) end
return answer
