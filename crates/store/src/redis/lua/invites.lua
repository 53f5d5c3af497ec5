-- The invitations of a room that are good.
--
-- KEYS: head, members, rules, invites
-- ARGV: who asks
-- Gives nothing where there is no such room, `!` and why they may not, else how many there are, and
--   of each its code, until when, how many uses are left (`-`: no end), and who made it

local held = redis.call('GET', KEYS[1])
local room = held and read_head(held)
if not room then return {} end
local user, now = ARGV[1], clock_ms()
local denied = denied_to_read(room, KEYS[2], KEYS[3], user, now)
if denied then return { '!' .. denied } end
local rank = rank_of(KEYS[2], user)
if rank == 0 then return { '!stranger' } end
local answer = { 0 }
local all = redis.call('HGETALL', KEYS[4])
for i = 1, #all, 2 do
  local invitation = read_invitation(all[i + 1], now)
  if invitation and (rank >= ADMIN or invitation.by == user) then
    local n = #answer
    answer[n + 1], answer[n + 2] = all[i], invitation.until_digits
    answer[n + 3], answer[n + 4] = invitation.uses and digits(invitation.uses) or '-', invitation.by
    answer[1] = answer[1] + 1
  end
end
return answer
