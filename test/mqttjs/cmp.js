const path=require('path');const {play}=require('./support/play');
const assert=require('assert');
const A=require('mqtt'),B=require('../../lib');
const file=process.argv[2]; const pat=process.argv[3];
(async()=>{for(const f of file==='all'?require('fs').readdirSync(path.join(__dirname,'scripts')):[file+'.js'])for(const [n,s] of Object.entries(require('./scripts/'+f))){
 if(pat&&!n.includes(pat))continue;
 let a,b;
 const r=await Promise.allSettled([play(A,s),play(B,s)]);
 [a,b]=r.map(x=>x.status==='fulfilled'?x.value:['!! '+x.reason.stack]);
 normalise(a,b);
 try{assert.deepStrictEqual(b,a);console.log('ok '+n)}catch{console.log('## '+n);const A2=a.map(x=>JSON.stringify(x)),B2=b.map(x=>JSON.stringify(x));
  for(const l of A2)console.log((B2.includes(l)?'   ':'  -'),'mqttjs',l.replace(/\{"cmd":"connack".*/,'CONNACK'));for(const l of B2)console.log((A2.includes(l)?'   ':'  +'),'midge ',l.replace(/\{"cmd":"connack".*/,'CONNACK'));}
}process.exit()})();

function normalise(a,b){ if(Array.isArray(a)&&Array.isArray(b)){a.forEach((x,i)=>normalise(x,b[i]));return} if(a&&b&&typeof a==='object'&&typeof b==='object'){ if(a.error&&a.error===b.error&&a.code===undefined){delete b.code;delete b.errno} }}
