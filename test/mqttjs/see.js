const path=require('path');const {play}=require('./support/play');
const which=process.argv[2]; const file=process.argv[3]; const pat=process.argv[4];
const mqtt=which==='mqtt'?require('mqtt'):require('../../lib');
(async()=>{for(const f of file==='all'?require('fs').readdirSync(path.join(__dirname,'scripts')):[file+'.js'])for(const [n,s] of Object.entries(require('./scripts/'+f))){
 if(pat&&!n.includes(pat))continue;
 console.log('## '+n);
 try{for(const e of await play(mqtt,s))console.log('  ',JSON.stringify(e));}catch(e){console.log('   !!',e.message)}
}process.exit()})();
