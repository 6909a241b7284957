// A whole Bluesky network on this machine: a server of accounts (PDS), the AppView with its search, the directory of
// identities. Ports and databases come from the environment. Once everything is up, it says so; each request to
// CONTROL_PORT is then answered when whatever was posted before it can be found.
import http from 'node:http'
import net from 'node:net'

// The servers name no host to listen on, which would mean every network this machine is in. Those that take any port
// get one that other tests' sockets are not given in passing (see running.py).
const listen = net.Server.prototype.listen
const numbered = (port) => Number(port) || 20000 + Math.floor(Math.random() * 12000)
net.Server.prototype.listen = function (where, ...rest) {
  if (typeof where === 'number') {
    where = numbered(where)
    if (typeof rest[0] !== 'string') rest.unshift('127.0.0.1')
  }
  if (typeof where === 'object' && where !== null && 'port' in where)
    where = { host: '127.0.0.1', ...where, port: numbered(where.port) }
  return listen.call(this, where, ...rest)
}

const { TestNetwork } = await import('@atproto/dev-env')
const port = (name) => Number(process.env[name])
const network = await TestNetwork.create({
  plc: { port: port('PLC_PORT') },
  pds: { port: port('PDS_PORT'), hostname: 'localhost' },
  bsky: { port: port('APPVIEW_PORT'), publicUrl: `http://localhost:${port('APPVIEW_PORT')}` },
})

http
  .createServer((_request, response) => {
    network.processAll().then(
      () => response.end('settled'),
      (error) => response.writeHead(500).end(String(error)),
    )
  })
  .listen(port('CONTROL_PORT'), () => console.log('everything is up'))
