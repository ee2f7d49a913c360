import { table } from './table.ts';

/**
 * Hosts on which many companies have a page: an address below one of them says nothing about who it is.
 * An entry covers itself and every host below it; `google.*` covers that name under every public suffix
 * of a registry. A company that owns such a host (GitHub, LinkedIn, Google) has no domain identifier and
 * is matched by its name. Platforms whose customers' hosts are private public suffixes (github.io,
 * myshopify.com) need no entry: there each customer has an own registrable domain and the bare platform
 * has none.
 */
export const SHARED_HOSTS = table(`
  # code, packages, questions
  github.com githubusercontent.com gitlab.com bitbucket.org sourceforge.net sourceforge.io codeberg.org
  launchpad.net gitee.com savannah.gnu.org npmjs.com npmjs.org pypi.org crates.io rubygems.org packagist.org
  hub.docker.com huggingface.co kaggle.com readthedocs.org codepen.io jsfiddle.net replit.com
  stackoverflow.com stackexchange.com devpost.com dev.to hashnode.com artifacthub.io

  # social networks, messengers, video
  linkedin.com lnkd.in facebook.com fb.com fb.me messenger.com instagram.com threads.net threads.com
  twitter.com x.com youtube.com youtu.be vimeo.com dailymotion.com twitch.tv tiktok.com pinterest.* pin.it
  reddit.com snapchat.com tumblr.com quora.com flickr.com behance.net dribbble.com deviantart.com
  soundcloud.com mastodon.social bsky.app whatsapp.com wa.me t.me telegram.me telegram.org discord.com
  discord.gg line.me lin.ee xing.com viadeo.com vk.com ok.ru weibo.com weibo.cn douyin.com bilibili.com
  zhihu.com xiaohongshu.com weixin.qq.com open.spotify.com meetup.com

  # encyclopaedias, company directories, reviews, jobs, finance pages
  wikipedia.org wikidata.org wikimedia.org wikimedia.com fandom.com baike.baidu.com archive.org
  crunchbase.com pitchbook.com owler.com zoominfo.com rocketreach.co craft.co opencorporates.com
  northdata.com northdata.de tracxn.com theorg.com angel.co wellfound.com f6s.com producthunt.com g2.com
  capterra.com getapp.com clutch.co goodfirms.co trustpilot.com trustradius.com sitejabber.com bbb.org
  yelp.* tripadvisor.* foursquare.com yellowpages.com yellowpages.ca manta.com hotfrog.com kompass.com
  europages.com europages.co.uk thomasnet.com indiamart.com tradeindia.com justdial.com made-in-china.com
  globalsources.com glassdoor.* indeed.* kununu.com bloomberg.com marketwatch.com investing.com
  seekingalpha.com stocktwits.com finviz.com macrotrends.net companieshouse.gov.uk
  company-information.service.gov.uk

  # short links, link pages, forms, events
  bit.ly t.co goo.gl g.co g.page ow.ly buff.ly is.gd tinyurl.com tiny.cc rb.gy cutt.ly rebrand.ly t.ly
  short.gy shorturl.at linktr.ee linktree.com lnk.bio bio.link beacons.ai carrd.co about.me campsite.bio
  taplink.cc allmylinks.com solo.to hoo.be msha.ke flow.page bio.site forms.gle forms.office.com
  typeform.com jotform.com surveymonkey.com calendly.com eventbrite.* lu.ma luma.com patreon.com ko-fi.com
  gofundme.com kickstarter.com indiegogo.com opencollective.com

  # sites, shops and blogs of others
  wordpress.com wixsite.com wixstudio.com wix.com weebly.com squarespace.com godaddysites.com
  secureserver.net business.site strikingly.com mystrikingly.com jimdo.com jimdosite.com jimdofree.com
  webnode.* yolasite.com site123.me bravesites.com tilda.ws cargo.site canva.site ucraft.site webs.com
  bravenet.com angelfire.com tripod.com geocities.com altervista.org over-blog.com livejournal.com
  typepad.com blogger.com medium.com substack.com ghost.io notion.site notion.so gitbook.io gitbook.com
  hubspotpagebuilder.com hs-sites.com unbouncepages.com leadpages.co clickfunnels.com bigcartel.com
  company.site square.site kajabi.com teachable.com thinkific.com blog.naver.com ameblo.jp fc2.com
  hatenablog.com note.com

  # documents, storage and tenants of large services
  google.* googleusercontent.com sharepoint.com onedrive.com 1drv.ms onmicrosoft.com office.com docsend.com
  scribd.com slideshare.net issuu.com calameo.com mediafire.com wetransfer.com amazonaws.com cloudfront.net
  windows.net atlassian.net my.salesforce.com force.com lightning.force.com okta.com oktapreview.com okta-emea.com
  auth0.com onelogin.com pingone.com duosecurity.com myworkday.com myworkdayjobs.com workday.com
  service-now.com zendesk.com freshdesk.com helpscoutdocs.com statuspage.io

  # app shops
  apps.apple.com itunes.apple.com podcasts.apple.com music.apple.com apps.microsoft.com
  marketplace.atlassian.com appexchange.salesforce.com

  # parked and offered domains
  sedo.com sedoparking.com parkingcrew.net bodis.com hugedomains.com dan.com afternic.com parked.com
  above.com undeveloped.com domainmarket.com buydomains.com domainnamesales.com parklogic.com

  # placeholders that people type where an address is required
  example.com example.net example.org example.edu test.com none.com nowebsite.com noemail.com nomail.com
  domain.com yourdomain.com mydomain.com website.com mywebsite.com yourcompany.com company.com unknown.com
`);
