import { DEAD_MS, ENDED_MS, MAX_DEAD, MAX_LOST, VANISHED } from '../limits.ts';

/**
 * The state of jobs and every step that changes it. Each command is one script, so that a job's state and the counts it is
 * part of change together or not at all, whatever is killed. KEYS[1] is the prefix, in braces: all keys have one slot.
 *
 *     job:<id>:<project>     hash: kind group data pri at run; st = w(aiting) d(elayed) r(unning) x(dead); fails lost reason pd pt
 *                            saved; tok = the run that holds it; next, nextrun = what `replace` put behind a running job
 *     ended:<id>:<project>   JSON of what is known of an ended job, a day long
 *     lane:<project>         zset of ids that are due: priority, then order
 *     later                  zset of <id>:<project>: due then        waiting   the same of those in lanes: due since then
 *     leases                 zset of <id>:<project>: held until then running   hash: running jobs of each project
 *     ring                   zset of projects that may have a turn; the lowest has waited longest
 *     group:<n>:<project>:<group>  hash: p(ending) r(unning) o:<outcome>; of:… = the set of its ids that have not ended
 *     groups:<project>  dead:<project>  clock = hash of seq, turn, beat, grace
 *
 * Times are Redis's own, milliseconds since the epoch.
 */
const LIBRARY = `
local P = KEYS[1] .. ':'
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local LANE_STEP = 35184372088832
local function refOf(project, id) return id .. ':' .. project end
local function partsOf(ref)
  local at = string.find(ref, ':', 1, true)
  return string.sub(ref, at + 1), string.sub(ref, 1, at - 1)
end
local function jobKey(project, id) return P .. 'job:' .. refOf(project, id) end
local function endedKey(project, id) return P .. 'ended:' .. refOf(project, id) end
local function groupKey(project, group) return P .. 'group:' .. #project .. ':' .. project .. ':' .. group end
local function membersKey(project, group) return P .. 'of:' .. #project .. ':' .. project .. ':' .. group end
local function laneKey(project) return P .. 'lane:' .. project end
local function deadKey(project) return P .. 'dead:' .. project end

local function count(project, group, field, n)
  local key = groupKey(project, group)
  if redis.call('HINCRBY', key, field, n) == 0 and field ~= 'p' then redis.call('HDEL', key, field) end
  redis.call('SADD', P .. 'groups:' .. project, group)
end

local function toRing(project)
  redis.call('ZADD', P .. 'ring', 'NX', redis.call('HINCRBY', P .. 'clock', 'turn', 1), project)
end

local function toLane(project, id, due)
  local key, ref = jobKey(project, id), refOf(project, id)
  local score = tonumber(redis.call('HGET', key, 'pri')) * LANE_STEP + redis.call('HINCRBY', P .. 'clock', 'seq', 1)
  redis.call('ZADD', laneKey(project), score, id)
  redis.call('ZADD', P .. 'waiting', due, ref)
  redis.call('HSET', key, 'st', 'w', 'run', due)
  toRing(project)
end

local function schedule(project, id, due)
  if due <= now then return toLane(project, id, due) end
  redis.call('ZADD', P .. 'later', due, refOf(project, id))
  redis.call('HSET', jobKey(project, id), 'st', 'd', 'run', due)
end

local function unschedule(project, id)
  local ref = refOf(project, id)
  redis.call('ZREM', laneKey(project), id)
  redis.call('ZREM', P .. 'waiting', ref)
  redis.call('ZREM', P .. 'later', ref)
end

local function stopRunning(project, id, group)
  redis.call('ZREM', P .. 'leases', refOf(project, id))
  if redis.call('HINCRBY', P .. 'running', project, -1) <= 0 then redis.call('HDEL', P .. 'running', project) end
  count(project, group, 'r', -1)
  redis.call('HDEL', jobKey(project, id), 'tok')
  if redis.call('ZCARD', laneKey(project)) > 0 then toRing(project) end
end

local function archive(project, id, outcome)
  local key = jobKey(project, id)
  local job = redis.call('HMGET', key, 'kind', 'group', 'at', 'fails', 'reason', 'pd', 'pt')
  for i = 1, 7 do job[i] = job[i] or '' end
  job[8] = outcome
  redis.call('SET', endedKey(project, id), cjson.encode(job), 'PX', ${ENDED_MS})
  redis.call('DEL', key)
end

-- What was put behind a job that has ended takes its place; it was counted when it was added.
local function follow(project, id, next, nextrun)
  local key = jobKey(project, id)
  redis.call('HDEL', key, 'next', 'nextrun', 'saved', 'reason', 'pd', 'pt')
  redis.call('HSET', key, 'data', next, 'fails', 0, 'lost', 0, 'at', now)
  schedule(project, id, tonumber(nextrun))
end

local function finish(project, id, group, outcome)
  count(project, group, 'p', -1)
  count(project, group, 'o:' .. outcome, 1)
  local next = redis.call('HMGET', jobKey(project, id), 'next', 'nextrun')
  if next[1] then return follow(project, id, next[1], next[2]) end
  redis.call('SREM', membersKey(project, group), id)
  archive(project, id, outcome)
end

local function trimDead(project)
  local key = deadKey(project)
  local old = redis.call('ZRANGEBYSCORE', key, '-inf', now - ${DEAD_MS}, 'LIMIT', 0, 100)
  local over = redis.call('ZCARD', key) - #old - ${MAX_DEAD}
  if over > 0 then
    for _, id in ipairs(redis.call('ZRANGE', key, #old, #old + math.min(over, 100) - 1)) do old[#old + 1] = id end
  end
  for _, id in ipairs(old) do
    redis.call('ZREM', key, id)
    if redis.call('EXISTS', jobKey(project, id)) == 1 then archive(project, id, 'dead') end
  end
end

local function die(project, id, group, reason)
  local key = jobKey(project, id)
  count(project, group, 'p', -1)
  count(project, group, 'o:dead', 1)
  local next = redis.call('HMGET', key, 'next', 'nextrun')
  if next[1] then return follow(project, id, next[1], next[2]) end
  redis.call('SREM', membersKey(project, group), id)
  redis.call('HSET', key, 'st', 'x', 'reason', reason)
  redis.call('PEXPIRE', key, ${DEAD_MS})
  redis.call('ZADD', deadKey(project), now, id)
  redis.call('PEXPIRE', deadKey(project), ${DEAD_MS})
  trimDead(project)
end

local function promote()
  for _, ref in ipairs(redis.call('ZRANGEBYSCORE', P .. 'later', '-inf', now, 'LIMIT', 0, 200)) do
    local project, id = partsOf(ref)
    redis.call('ZREM', P .. 'later', ref)
    toLane(project, id, tonumber(redis.call('HGET', jobKey(project, id), 'run')))
  end
end

-- When nobody was heard of for long, Redis itself was away: those who hold jobs get the time to say so before others take them.
local function beat(lease)
  local clock = redis.call('HMGET', P .. 'clock', 'beat', 'grace')
  local grace = tonumber(clock[2] or 0)
  if now - tonumber(clock[1] or now) > lease / 2 then
    grace = now + lease / 2
    redis.call('HSET', P .. 'clock', 'grace', grace)
  end
  redis.call('HSET', P .. 'clock', 'beat', now)
  return now >= grace
end

local function takeBack()
  for _, ref in ipairs(redis.call('ZRANGEBYSCORE', P .. 'leases', '-inf', now, 'LIMIT', 0, 50)) do
    local project, id = partsOf(ref)
    local key = jobKey(project, id)
    local group = redis.call('HGET', key, 'group')
    stopRunning(project, id, group)
    if redis.call('HINCRBY', key, 'lost', 1) >= ${MAX_LOST} then die(project, id, group, '${VANISHED}')
    else toLane(project, id, now) end
  end
end

-- 1: a process should be called, because there is work and no call is under way.
local function shouldCall(calls)
  if redis.call('LLEN', calls) == 0 and redis.call('ZCARD', P .. 'ring') > 0 then return 1 end
  return 0
end
local function holds(project, id, token) return redis.call('HGET', jobKey(project, id), 'tok') == token end
`;

/** ARGV: waiting list of calls, then for each job id, project, kind, group, data, priority, due (empty = now), `keep` or `replace`. @returns whether to call, and numbers of those added. */
const add = `
local added = {}
for i = 2, #ARGV, 8 do
  local id, project, kind, group, data, pri, ifKnown = ARGV[i], ARGV[i+1], ARGV[i+2], ARGV[i+3], ARGV[i+4], ARGV[i+5], ARGV[i+7]
  local due = tonumber(ARGV[i+6]) or now
  local key = jobKey(project, id)
  local known = redis.call('HMGET', key, 'st', 'next', 'group')
  local st, isNew = known[1], false
  if st and st ~= 'x' then
    if ifKnown == 'replace' then
      isNew = true
      if st == 'r' or known[2] then
        if not known[2] then count(project, known[3], 'p', 1) end
        redis.call('HSET', key, 'next', data, 'nextrun', due)
      else
        unschedule(project, id)
        redis.call('HDEL', key, 'saved', 'reason', 'pd', 'pt')
        redis.call('HSET', key, 'data', data, 'fails', 0, 'lost', 0)
        schedule(project, id, due)
      end
    end
  elseif ifKnown == 'replace' or not (st or redis.call('EXISTS', endedKey(project, id)) == 1) then
    isNew = true
    redis.call('ZREM', deadKey(project), id)
    redis.call('DEL', key, endedKey(project, id))
    redis.call('HSET', key, 'kind', kind, 'group', group, 'data', data, 'pri', pri, 'at', now, 'fails', 0, 'lost', 0)
    redis.call('SADD', membersKey(project, group), id)
    count(project, group, 'p', 1)
    schedule(project, id, due)
  end
  if isNew then added[#added + 1] = (i - 2) / 8 end
end
return { shouldCall(ARGV[1]), added }
`;

/** ARGV: waiting list of calls, jobs of one project at a time, lease, token. @returns whether to call; then of a job id, project, kind, group, data, fails, saved. */
const claim = `
if beat(tonumber(ARGV[3])) then takeBack() end
promote()
for _ = 1, 1000 do
  local project = redis.call('ZRANGE', P .. 'ring', 0, 0)[1]
  if not project then return { 0 } end
  redis.call('ZREM', P .. 'ring', project)
  local running = tonumber(redis.call('HGET', P .. 'running', project) or 0)
  if running < tonumber(ARGV[2]) then
    local id = redis.call('ZPOPMIN', laneKey(project))[1]
    if id then
      local key, ref = jobKey(project, id), refOf(project, id)
      redis.call('ZREM', P .. 'waiting', ref)
      redis.call('ZADD', P .. 'leases', now + tonumber(ARGV[3]), ref)
      redis.call('HINCRBY', P .. 'running', project, 1)
      redis.call('HSET', key, 'st', 'r', 'tok', ARGV[4])
      if redis.call('ZCARD', laneKey(project)) > 0 then toRing(project) end
      local job = redis.call('HMGET', key, 'kind', 'group', 'data', 'fails', 'saved')
      count(project, job[2], 'r', 1)
      return { shouldCall(ARGV[1]), id, project, job[1], job[2], job[3], job[4], job[5] }
    end
  end
end
return { 0 }
`;

/** What is due becomes claimable, and what nobody holds any more. ARGV: waiting list of calls, lease. @returns whether to call, milliseconds until a delayed job is due (-1: none). */
const tick = `
if beat(tonumber(ARGV[2])) then takeBack() end
promote()
local first = redis.call('ZRANGE', P .. 'later', 0, 0, 'WITHSCORES')[2]
return { shouldCall(ARGV[1]), first and math.max(0, tonumber(first) - now) or -1 }
`;

/** ARGV: lease, then id, project and token of each. @returns numbers of those that others have taken. */
const renew = `
beat(tonumber(ARGV[1]))
local lost = {}
for i = 2, #ARGV, 3 do
  if holds(ARGV[i+1], ARGV[i], ARGV[i+2]) then
    redis.call('ZADD', P .. 'leases', now + tonumber(ARGV[1]), refOf(ARGV[i+1], ARGV[i]))
  else lost[#lost + 1] = (i - 2) / 3 end
end
return lost
`;

/** ARGV: id, project, token, how, and: outcome | delay, reason | reason, delay, attempts or 0 = hopeless |. @returns 0: it is in other hands, nothing has happened. */
const finish = `
local id, project, how = ARGV[1], ARGV[2], ARGV[4]
if not holds(project, id, ARGV[3]) then return 0 end
local key = jobKey(project, id)
local group = redis.call('HGET', key, 'group')
stopRunning(project, id, group)
if how ~= 'left' then redis.call('HSET', key, 'lost', 0) end
if how == 'done' then finish(project, id, group, ARGV[5])
elseif how == 'again' then
  redis.call('HSET', key, 'reason', ARGV[6])
  schedule(project, id, now + tonumber(ARGV[5]))
elseif how == 'left' then toLane(project, id, now)
else
  local fails = redis.call('HINCRBY', key, 'fails', 1)
  if fails >= tonumber(ARGV[7]) then die(project, id, group, ARGV[5])
  else
    redis.call('HSET', key, 'reason', ARGV[5])
    schedule(project, id, now + tonumber(ARGV[6]))
  end
end
return 1
`;

/** ARGV: id, project, token, then names and values. @returns 0: it is in other hands. */
const update = `
if not holds(ARGV[2], ARGV[1], ARGV[3]) then return 0 end
redis.call('HSET', jobKey(ARGV[2], ARGV[1]), unpack(ARGV, 4))
return 1
`;

/** ARGV: project, then group, outcome, count of each. */
const tally = `
for i = 2, #ARGV, 3 do count(ARGV[1], ARGV[i], 'o:' .. ARGV[i+1], ARGV[i+2]) end
`;

/** ARGV: project, group. @returns names and numbers. */
const counts = `return redis.call('HGETALL', groupKey(ARGV[1], ARGV[2]))`;

const groups = `return redis.call('SMEMBERS', P .. 'groups:' .. ARGV[1])`;

/** ARGV: project, id. @returns names and values of a job; or JSON of one that has ended; or nothing. */
const find = `
local job = redis.call('HGETALL', jobKey(ARGV[1], ARGV[2]))
if #job > 0 then return { 'now', tostring(now), unpack(job) } end
return redis.call('GET', endedKey(ARGV[1], ARGV[2]))
`;

/** ARGV: project, how many. @returns id, and names and values, of each. */
const dead = `
trimDead(ARGV[1])
local found = {}
for _, id in ipairs(redis.call('ZREVRANGE', deadKey(ARGV[1]), 0, tonumber(ARGV[2]) - 1)) do
  local job = redis.call('HGETALL', jobKey(ARGV[1], id))
  if #job > 0 then found[#found + 1] = { id, job } end
end
return found
`;

/** ARGV: waiting list of calls, project, `revive` or `drop`, ids. @returns whether to call, how many. */
const bury = `
local project, changed = ARGV[2], 0
for i = 4, #ARGV do
  local id = ARGV[i]
  if redis.call('ZREM', deadKey(project), id) == 1 then
    local key = jobKey(project, id)
    local group = redis.call('HGET', key, 'group')
    if group then
      changed = changed + 1
      count(project, group, 'o:dead', -1)
      if ARGV[3] == 'drop' then archive(project, id, 'dropped')
      else
        redis.call('PERSIST', key)
        redis.call('HSET', key, 'fails', 0, 'lost', 0)
        redis.call('HDEL', key, 'saved', 'pd', 'pt')
        redis.call('SADD', membersKey(project, group), id)
        count(project, group, 'p', 1)
        toLane(project, id, now)
      end
    end
  end
end
return { shouldCall(ARGV[1]), changed }
`;

/** A step through a group. ARGV: project, group, outcome, cursor. @returns the next cursor, how many were ended. */
const cancel = `
local project, group, outcome = ARGV[1], ARGV[2], ARGV[3]
local step = redis.call('SSCAN', membersKey(project, group), ARGV[4], 'COUNT', 200)
local ended = 0
for _, id in ipairs(step[2]) do
  local key = jobKey(project, id)
  local job = redis.call('HMGET', key, 'st', 'next')
  if job[2] then
    redis.call('HDEL', key, 'next', 'nextrun')
    count(project, group, 'p', -1)
    count(project, group, 'o:' .. outcome, 1)
    ended = ended + 1
  end
  if job[1] == 'w' or job[1] == 'd' then
    unschedule(project, id)
    finish(project, id, group, outcome)
    ended = ended + 1
  end
end
return { step[1], ended }
`;

/** ARGV: key, max, perMs. @returns milliseconds. */
const takeToken = `
local key, max, per = P .. 'bucket:' .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local bucket = redis.call('HMGET', key, 'tokens', 'at')
local tokens = max
if bucket[1] then tokens = math.min(max, tonumber(bucket[1]) + math.max(0, now - tonumber(bucket[2])) * max / per) end
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = math.max(1, math.ceil((1 - tokens) * per / max)) end
redis.call('HSET', key, 'tokens', string.format('%.17g', tokens), 'at', now)
redis.call('PEXPIRE', key, math.ceil(per) + 1000)
return wait
`;

/** ARGV: key, amount, limit or empty, expires, of each. @returns nothing, or the key that would exceed its limit. */
const reserve = `
local sums = {}
for i = 1, #ARGV, 4 do
  local amount, limit = tonumber(ARGV[i+1]), tonumber(ARGV[i+2])
  local sum = (sums[ARGV[i]] or tonumber(redis.call('GET', P .. 'sum:' .. ARGV[i]) or 0)) + amount
  if limit and amount > 0 and sum > limit then return ARGV[i] end
  sums[ARGV[i]] = math.max(0, sum)
end
for i = 1, #ARGV, 4 do
  local key = P .. 'sum:' .. ARGV[i]
  redis.call('SET', key, string.format('%.17g', sums[ARGV[i]]))
  redis.call('PEXPIREAT', key, ARGV[i+3])
end
return false
`;

/** @returns waiting, delayed, age of the oldest. */
const backlog = `
local due = redis.call('ZCOUNT', P .. 'later', '-inf', now)
local oldest = redis.call('ZRANGE', P .. 'waiting', 0, 0, 'WITHSCORES')[2]
local later = due > 0 and redis.call('ZRANGE', P .. 'later', 0, 0, 'WITHSCORES')[2] or nil
local since = math.min(tonumber(oldest or now), tonumber(later or now))
return { redis.call('ZCARD', P .. 'waiting') + due, redis.call('ZCARD', P .. 'later') - due, math.max(0, now - since) }
`;

const COMMANDS = {
  ...{ add, claim, tick, renew, finish, update, tally, counts, groups, find, dead, bury, cancel },
  ...{ takeToken, reserve, backlog },
};

export type ScriptName = keyof typeof COMMANDS;

/** By name: for ioredis's `scripts`, each under `weft_<name>`, with one key. */
export const SCRIPTS = Object.fromEntries(
  Object.entries(COMMANDS).map(([name, body]) => [`weft_${name}`, { lua: LIBRARY + body, numberOfKeys: 1 }]),
);
