import { table } from './table.ts';

/**
 * Domains at which anybody has a mailbox. `yahoo.*` covers that name under every public suffix of a
 * registry. An entry that starts with `@` is a company's own web site as well as its customers' mail:
 * refused in e-mail addresses only.
 */
export const FREE_MAIL = table(`
  # world-wide
  gmail.com googlemail.* yahoo.* ymail.com rocketmail.com myyahoo.com outlook.* hotmail.* live.com
  live.co.uk live.fr live.de live.it live.nl live.be live.ca live.cn live.jp live.dk live.se live.no live.ie
  live.at live.in live.com.au live.com.mx live.com.ar live.com.pt live.com.sg live.com.my live.co.za live.cl
  live.hk live.ru msn.com passport.com windowslive.com icloud.com me.com mac.com aol.* aim.com netscape.net
  love.com games.com wow.com proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de
  tutamail.com tuta.com tuta.io keemail.me hushmail.com hush.com @fastmail.com fastmail.fm
  messagingengine.com @zoho.com zohomail.com zohomail.eu zohomail.in mail.com email.com usa.com europe.com
  post.com consultant.com engineer.com myself.com techie.com writeme.com inbox.com gmx.* lycos.* excite.com
  juno.com netzero.net netzero.com hey.com duck.com @mailfence.com runbox.com posteo.de posteo.net
  disroot.org riseup.net @startmail.com countermail.com ctemplar.com skiff.com onmail.com simplelogin.com
  anonaddy.com addy.io mozmail.com privaterelay.appleid.com opayq.com rediffmail.com rediff.com
  @indiatimes.com sify.com mailcity.com bigfoot.com usa.net iname.com operamail.com caramail.com hotpop.com
  mail2world.com

  # thrown away after use
  mailinator.com guerrillamail.com guerrillamail.net sharklasers.com 10minutemail.com temp-mail.org
  tempmail.com yopmail.com trashmail.com trashmail.de getnada.com maildrop.cc dispostable.com
  throwawaymail.com mailnesia.com mohmal.com fakeinbox.com spamgourmet.com mytemp.email moakt.com
  emailondeck.com byom.de discard.email

  # United States and Canada
  comcast.net xfinity.com verizon.net att.net sbcglobal.net bellsouth.net pacbell.net ameritech.net
  swbell.net nvbell.net snet.net flash.net prodigy.net cox.net charter.net rr.com twc.com roadrunner.com
  optonline.net optimum.net cableone.net mchsi.com mediacombb.net suddenlink.net centurylink.net
  centurytel.net embarqmail.com q.com qwest.net windstream.net frontiernet.net frontier.net @wowway.com
  @rcn.com insightbb.com @hughes.net @tds.net @frontier.com @earthlink.net @mindspring.com
  @cincinnatibell.com @consolidated.net fuse.net zoominternet.net atlanticbb.net ptd.net epix.net
  localnet.com peoplepc.com sympatico.ca bell.net @rogers.com @shaw.ca @telus.net @videotron.ca
  videotron.qc.ca @cogeco.ca @eastlink.ca nb.sympatico.ca aliant.net mts.net mymts.net sasktel.net
  @xplornet.com @teksavvy.com

  # Britain and Ireland
  btinternet.com btopenworld.com btconnect.com talk21.com talktalk.net tiscali.co.uk ntlworld.com
  @virginmedia.com virgin.net blueyonder.co.uk @sky.com plus.net @plusnet.com orange.net freeserve.co.uk
  wanadoo.co.uk lineone.net @o2.co.uk tesco.net uwclub.net @zen.co.uk demon.co.uk @eircom.net @eir.ie iol.ie
  indigo.ie

  # German-speaking countries
  web.de t-online.de freenet.de arcor.de online.de @1und1.de vodafonemail.de unitybox.de unity-mail.de
  kabelmail.de alice.de alice-dsl.net o2online.de o2mail.de versanet.de ewetel.net ewe.net @netcologne.de
  osnanet.de htp-tel.de onlinehome.de directbox.com mailbox.org email.de mail.de magenta.de emailn.de
  freemail.de @a1.net aon.at chello.at utanet.at inode.at kabsi.at @liwest.at bluewin.ch bluemail.ch
  @sunrise.ch hispeed.ch swissonline.ch vtxmail.ch

  # France, Belgium, Netherlands, Luxembourg
  laposte.net wanadoo.fr @free.fr neuf.fr club-internet.fr cegetel.net aliceadsl.fr numericable.fr noos.fr
  bbox.fr voila.fr dbmail.com @orange.fr @sfr.fr skynet.be @scarlet.be @telenet.be @proximus.be @voo.be
  @ziggo.nl home.nl hetnet.nl planet.nl kpnmail.nl kpnplanet.nl casema.nl chello.nl upcmail.nl quicknet.nl
  @tele2.nl @xs4all.nl zonnet.nl onsnet.nu solcon.nl pt.lu internet.lu

  # Italy, Spain, Portugal, Greece
  libero.it virgilio.it alice.it tin.it iol.it inwind.it blu.it giallo.it tiscali.it email.it fastwebnet.it
  teletu.it @poste.it katamail.com supereva.it @tim.it telefonica.net terra.es ono.com @orange.es
  eresmas.com wanadoo.es ya.com sapo.pt clix.pt netcabo.pt mail.telepac.pt iol.pt otenet.gr forthnet.gr
  hol.gr freemail.gr in.gr

  # North and Baltic
  @telia.com @telia.se spray.se bredband.net bredband2.com @comhem.se @tele2.se glocalnet.net home.se
  swipnet.se @bahnhof.se online.no broadpark.no frisurf.no getmail.no start.no @lyse.net @altibox.no
  tdcadsl.dk stofanet.dk mail.dk jubii.dk ofir.dk webspeed.dk youmail.dk mail.tele.dk kolumbus.fi
  elisanet.fi saunalahti.fi suomi24.fi luukku.com dnainternet.net pp.inet.fi simnet.is inbox.lv inbox.lt
  mail.ee hot.ee

  # East of Europe
  mail.ru inbox.ru list.ru bk.ru internet.ru yandex.* ya.ru narod.ru rambler.ru lenta.ru autorambler.ru
  myrambler.ru ro.ru pochta.ru qip.ru ukr.net i.ua meta.ua bigmir.net email.ua online.ua tut.by wp.pl o2.pl
  onet.pl onet.eu poczta.onet.pl op.pl vp.pl interia.pl interia.eu poczta.fm @gazeta.pl tlen.pl go2.pl
  buziaczek.pl neostrada.pl seznam.cz email.cz post.cz centrum.cz volny.cz atlas.cz quick.cz zoznam.sk
  azet.sk pobox.sk centrum.sk post.sk stonline.sk freemail.hu citromail.hu t-online.hu indamail.hu abv.bg
  mail.bg dir.bg net.hr siol.net t-2.net eunet.rs sbb.rs @mynet.com @superonline.com ttmail.com

  # East and South of Asia, Australia
  qq.com foxmail.com vip.qq.com 163.com 126.com yeah.net 188.com vip.163.com vip.126.com @sina.com sina.cn
  vip.sina.com @sohu.com tom.com 21cn.com 139.com 189.cn wo.cn aliyun.com chinaren.com 263.net eyou.com
  netvigator.com biznetvigator.com hinet.net seed.net.tw pchome.com.tw so-net.net.tw url.com.tw @naver.com
  hanmail.net daum.net nate.com @kakao.com korea.com paran.com dreamwiz.com lycos.co.kr docomo.ne.jp
  ezweb.ne.jp au.com softbank.ne.jp i.softbank.jp vodafone.ne.jp @nifty.com biglobe.ne.jp ocn.ne.jp
  so-net.ne.jp dion.ne.jp plala.or.jp excite.co.jp goo.jp infoseek.jp jcom.home.ne.jp asahi-net.or.jp
  singnet.com.sg pacific.net.sg starhub.net.sg streamyx.com tm.net.my bsnl.in vsnl.net vsnl.com
  airtelmail.in airtelmail.com dataone.in telkom.net plasa.com pldtdsl.net bigpond.com bigpond.net.au
  bigpond.com.au optusnet.com.au optushome.com.au @iinet.net.au internode.on.net @tpg.com.au adam.com.au
  @dodo.com.au ozemail.com.au westnet.com.au aapt.net.au xtra.co.nz slingshot.co.nz orcon.net.nz
  paradise.net.nz clear.net.nz ihug.co.nz inspire.net.nz

  # Latin America, Africa, Middle East
  uol.com.br bol.com.br terra.com.br ig.com.br @globo.com globomail.com zipmail.com.br @oi.com.br r7.com
  superig.com.br prodigy.net.mx infinitum.com.mx @terra.com fibertel.com.ar arnet.com.ar speedy.com.ar
  ciudad.com.ar uolsinectis.com.ar adinet.com.uy vtr.net cantv.net une.net.co etb.net.co walla.com
  walla.co.il netvision.net.il bezeqint.net 012.net.il 013.net zahav.net.il maktoob.com emirates.net.ae
  eim.ae batelco.com.bh webmail.co.za mweb.co.za telkomsa.net vodamail.co.za iafrica.com absamail.co.za
  lantic.net
`);
