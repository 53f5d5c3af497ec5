-- Whether users may come into rooms; some become members.
--
-- KEYS: of each question the head, members, rules
-- ARGV: of each question the user, and 1 where they are to become a member if they may
-- Gives of each `-` (no such room), `!why`, or `m` (a member) or `o` (open to them), the kind,
--   their rank (or what it would be) and the last number

local answers = {}
local now = clock_ms()
for k = 1, #KEYS, 3 do
  local head, members, rules = unpack(KEYS, k, k + 2)
  local user, enters = ARGV[2 * (k - 1) / 3 + 1], ARGV[2 * (k - 1) / 3 + 2] == '1'
  local held = redis.call('GET', head)
  local room = held and read_head(held)
  local answer = '-'
  if room then
    local kind = kind_of(room)
    local rank = rank_of(members, user)
    local denied = rank == 0 and denied_to_read(room, members, rules, user, now)
    if denied then
      answer = '!' .. denied
    else
      local is_member = rank > 0
      if not is_member and enters then
        redis.call('ZADD', members, score_of(MEMBER, now), user)
        is_member = true
      end
      answer = (is_member and 'm ' or 'o ') .. kind .. ' ' .. digits(rank > 0 and rank or MEMBER) .. ' ' .. room.seq_digits
    end
  end
  answers[#answers + 1] = answer
end
return answers
