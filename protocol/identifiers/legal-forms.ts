import { table } from './table.ts';

/**
 * Words that say what a company is in law or what of it is listed, not which one it is; folded as names
 * are. A line is the use and phrases with bars between: `end` stands last, `start` first, `any` first or last, `affix` is joined to the first
 * or last word in scripts without spaces, `native` is a word of another alphabet that stands first or last, `listing`
 * starts the description of a security, which is cut off with all that follows, `security` is a word of such a
 * description that stands behind a legal form. Sources: ISO 20275, psolin/cleanco, opensanctions/rigour (facts only).
 */
export const LEGAL_FORMS = table(
  `
  # English-speaking countries
  end com|inc|incorporated|corp|corporation|co|company|co inc|company inc|co ltd|co limited|company ltd
  end company limited|co llc|ltd|limited|ltd co|llc|lc|llp|lllp|lp|pllc|pc|plc|public limited company
  end public ltd co|public limited co|limited liability company|limited liability partnership
  end limited partnership|ltee|limitee|ulc|cic|dac|designated activity company|na|national association|pty
  end pty ltd|pty limited|proprietary limited|pte|pte ltd|pte limited|private ltd|private limited|pvt ltd
  end pvt limited|bhd|berhad|sdn bhd|sendirian berhad|pcl|public company limited|limited company|limited co
  end ltd company|private limited co|pvt limited company|pvt|pty limited company|limited liability co
  end limited liability corporation|llc co|llc company|inc co|co inc ltd|corporation limited|corp ltd
  end corporation ltd|corp inc|corporation inc|inc corp|incorporation|incorporated company
  end company incorporated|co incorporated|llp lp|lp llp|gp|pa|professional corporation
  end professional association|chtd|nl|no liability|ultd|unltd|cio|scio|cyf|cyfyngedig|teo|teoranta|cpt|clg
  end company limited by guarantee|dac ltd|dmcc|dmcc branch|plc ltd|public limited|pcl ltd
  end public company ltd|lllc|ltd liability company|ltd liability co|opc|opc private limited|incorporee|nfp
  end npc|gte|lp inc|lp ltd
  any limited liability company|limited liability partnership|limited liability limited partnership
  any public limited company|private limited company|private company limited by shares
  any company limited by shares|company limited by guarantee|proprietary limited company|joint stock company
  any open joint stock company|closed joint stock company|public joint stock company
  any private joint stock company|professional limited liability company|community interest company
  any unlimited company

  # German-speaking countries
  end gmbh|ggmbh|mbh|gesellschaft mit beschrankter haftung|ag|aktiengesellschaft|kg|kgaa|ohg|gbr|ug
  end ug haftungsbeschrankt|haftungsbeschrankt|ek|ev|eg|se|gmbh and co kg|gmbh and co kgaa|gmbh and co ohg
  end ag and co kg|ag and co kgaa|se and co kg|se and co kgaa|ug and co kg|aktiengeselschaft|akg|gesmbh
  end ges mbh|ges mbh and co kg|gesellschaft mbh|mbh and co kg|gmbh and co|gmbh co kg|gmbh und co kg
  end gmbh und co kgaa|gmbh und co|ag und co kg|ag und co kgaa|se und co kg|se und co kgaa|gmbh and cokg
  end gmbh and co kommanditgesellschaft|unternehmergesellschaft haftungsbeschrankt|partg|partg mbb|partgmbb
  end mbb|vvag|aor|kdor|gag|gug|ewiv|eingetragener kaufmann|ekfm|og|gesbr|genossenschaft|stiftung and co kg
  end stiftung and co kgaa|bv and co kg|ltd and co kg|llc and co kg|ag and co
  any gesellschaft mit beschrankter haftung|gesellschaft mit beschraenkter haftung|aktiengesellschaft
  any kommanditgesellschaft|kommanditgesellschaft auf aktien|offene handelsgesellschaft
  any eingetragene genossenschaft|eingetragener verein|unternehmergesellschaft|gemeinnutzige gmbh
  any europaische aktiengesellschaft|societas europaea

  # French, Italian, Spanish, Portuguese, Romanian
  end sa|sas|sasu|sarl|eurl|snc|sca|scs|scop|gie|societe anonyme|sprl|asbl|aisbl|vzw|ivzw|bvba|srl|srls|spa
  end sapa|scarl|scpa|sagl|societa per azioni|sl|slu|sau|saa|sac|sociedad anonima|sociedad limitada|sab
  end sab de cv|sa de cv|sapi de cv|s de rl|s de rl de cv|sapib de cv|de cv|esp|sgps|sgps sa|lda|limitada
  end ltda|eireli|sasu sa|sarlu|sci|scp|scm|selarl|spfpl|eirl|sicav|cvba|scrl|sprlu|srl cv|bv srl|sa nv
  end nv sa|sas sa|societe cooperative|scrls|srlu|srl unipersonale|spa unipersonale|srl a socio unico
  end srl in liquidazione|spa in liquidazione|soc coop|soc coop arl|coop|onlus|saic|sacif|sacifi|sacifia
  end sac e i|cia ltda|compania ltda|slp|sll|slne|scoop|s coop|sa esp|sas esp|esp sa|sa bic|sas bic|bic|sapi
  end sapi de cv sofom|sofom|sofom enr|sa de cv sofom enr|sofol|s en c|s en nc|sc|sc de rl|sc de rl de cv
  end srl de cv|sa en cv|sa de ccv|sociedad anonima de cv|eireli me|eireli epp|ltda me|ltda epp|epp|sa me
  end crl|unipessoal lda|unipessoal|sociedade unipessoal lda|cia|sarf|sarl de cv|de rl|sen c|sgr|sgiic|sicaf
  end fcp
  any societe anonyme|societe a responsabilite limitee|societe par actions simplifiee
  any societe en commandite simple|societe en commandite par actions|societe en nom collectif
  any societe civile immobiliere|entreprise unipersonnelle a responsabilite limitee
  any societe privee a responsabilite limitee|groupement dinteret economique|association sans but lucratif
  any societa per azioni|societa a responsabilita limitata|societa in nome collettivo
  any societa in accomandita semplice|societa cooperativa|societa cooperativa a responsabilita limitata
  any sociedad anonima|sociedad anonima de capital variable|sociedad anonima bursatil de capital variable
  any sociedad anonima promotora de inversion de capital variable|sociedad limitada
  any sociedad limitada unipersonal|sociedad de responsabilidad limitada
  any sociedad de responsabilidad limitada de capital variable|sociedad por acciones simplificada
  any sociedad por acciones|sociedad anonima cerrada|sociedad anonima abierta|sociedad anonima unipersonal
  any empresa individual de responsabilidad limitada|compania anonima|compania limitada|sociedad cooperativa
  any sociedade anonima|sociedade limitada|sociedade por quotas
  any empresa individual de responsabilidade limitada|sociedade gestora de participacoes sociais
  any societatea cu raspundere limitata|societate cu raspundere limitata|societatea pe actiuni
  any societate pe actiuni|societatea comerciala|societatea in nume colectiv
  any besloten vennootschap met beperkte aansprakelijkheid
  start srl|sarl|eurl

  # Netherlands, North and Baltic
  end nv|bv|vof|cv|naamloze vennootschap|besloten vennootschap|ab|ab publ|publ|aktiebolag|abp|as|asa|ans|aps
  end aktieselskab|amba|oy|oyj|oy ab|hf|ehf|ou|uab|sia|aktiebolaget|aktiebolag publ|aktieselskabet|hb|kb
  end ek for|ky|ay|tmi|osk|oyj abp|abp oyj|ab oy|ivs|smba|fmba|enk|nuf|iks|sf|ohf|slhf|mtu|mb|ij|esv|coop ua
  end cooperatie ua|cooperatief ua|ks|pmba
  any besloten vennootschap|naamloze vennootschap|vennootschap onder firma|commanditaire vennootschap
  any aktiebolag|aktieselskab|anpartsselskab|aktsiaselts|osauhing|osakeyhtio|julkinen osakeyhtio
  any uzdaroji akcine bendrove|akcine bendrove|sabiedriba ar ierobezotu atbildibu|akciju sabiedriba
  any einkahlutafelag|hlutafelag|allmennaksjeselskap|aksjeselskap|ekonomisk forening
  start aktiebolaget|aktieselskabet|sia|ou|oy

  # East of Europe, Turkey
  end kft|zrt|nyrt|rt|bt|sp z oo|sp zoo|spolka z oo|spolka z ograniczona odpowiedzialnoscia|spolka akcyjna
  end sp k|spk|sp j|spj|sro|s ro|spol s ro|vos|doo|dd|ad|ead|ood|eood|ooo|oao|zao|pao|ojsc|cjsc|pjsc|jsc
  end joint stock company|anonim sirketi|limited sirketi|ltd sti|fgup|gup|odo|ojsc company|jsc company|jsco
  end js co|jointstock company|joint stock co|joint stock compan|open joint stock co|pjsco|cjsco|prjsc
  end pjsc company|tov|prat|zat|tdv|ae|epe|ike|abee|avee|sp zo o|spzoo|sp z o o|sp z oo sp k
  end sp z oo sp komandytowa|sp z oo spk|ska|psa|sp p|akc spol|spol sro|ops|sr o|dooel|jdoo|sh a|shpk|sh pk
  end sha|dno|kd|jtd|ve tic ltd sti|san ve tic as|san ve tic ltd sti|san tic as|san tic ltd sti|san ve tic
  end tic as|tic ltd sti|dis tic ltd sti|ve ticaret as|sanayi ve ticaret as|sanayi ve ticaret anonim sirketi
  end sanayi ve ticaret limited sirketi|sanayi ve ticaret ltd sti|ltd sirketi|koop|sti
  start ooo|oao|zao|pao|ojsc|cjsc|pjsc|jsc|uab|prat|fgup
  any obshchestvo s ogranichennoi otvetstvennostyu|obshchestvo s ogranichennoy otvetstvennostyu
  any obshchestvo s ogranichennoj otvetstvennostyu|obschestvo s ogranichennoi otvetstvennostyu
  any obshchestvo s ogranichennoi otvetstvennostiu|aktsionernoe obshchestvo|aktsionernoe obschestvo
  any otkrytoe aktsionernoe obshchestvo|zakrytoe aktsionernoe obshchestvo
  any publichnoe aktsionernoe obshchestvo|nepublichnoe aktsionernoe obshchestvo
  any tovaristvo z obmezhenoyu vidpovidalnistyu|tovarystvo z obmezhenoiu vidpovidalnistiu
  any privatne aktsionerne tovaristvo|publichne aktsionerne tovaristvo|aktsionerne tovaristvo
  any aktsionerne tovarystvo|privatne pidpriiemstvo|tovarishchestvo s ogranichennoi otvetstvennostyu
  any individualnyi predprinimatel|federalnoe gosudarstvennoe unitarnoe predpriyatie
  any gosudarstvennoe unitarnoe predpriyatie|drushtvo sa ogranichenom odgovornoshcu
  any drustvo s ogranicenom odgovornoscu|drustvo sa ogranicenom odgovornoscu|druzba z omejeno odgovornostjo
  any dionicko drustvo|delniska druzba|druzhestvo s ogranichena otgovornost
  any ednolichno druzhestvo s ogranichena otgovornost|aktsionerno druzhestvo
  any tavarystva z abmezhavanai adkaznastsyu|zakrytae aktsyyanernae tavarystva
  any adkrytae aktsyyanernae tavarystva|anonymi etaireia|anonymos etaireia|etaireia periorismenis eythynis
  any idiotiki kefalaioychiki etaireia|spolka z ograniczona odpowiedzialnoscia|spolka akcyjna
  any spolka komandytowa|spolka jawna|prosta spolka akcyjna|spolka komandytowo akcyjna|akciova spolecnost
  any akciova spolocnost|spolecnost s rucenim omezenym|spolocnost s rucenim obmedzenym|komanditni spolecnost
  any verejna obchodni spolecnost|korlatolt felelossegu tarsasag|zartkoruen mukodo reszvenytarsasag
  any nyilvanosan mukodo reszvenytarsasag|reszvenytarsasag|beteti tarsasag|anonim sirketi|limited sirketi
  any anonim sirket|limited sirket|shoqeri aksionere|shoqeri me pergjegjesi te kufizuar|perusahaan perseroan
  any perusahaan perseroan persero|perusahaan perseroan persero pt

  # Africa, Middle East, Indonesia
  end sae|saog|saoc|ksc|kscp|kpsc|qsc|qpsc|bsc|psc|wll|fze|fzco|fz llc|tbk|persero tbk|fz co|fzc|fz llc co
  end free zone company|free zone establishment|wll co|co wll|company wll|spc|bsc c|bsc closed|kscc
  end ksc closed|ksc public|qpjsc|sal|sarl au|ltd pty|cc|ltd gte|fzllc|dwc llc|tbk pt|persero|pt|co jsc
  end pvt co|smc pvt ltd|smc private limited|guarantee limited
  start pt
  any cong ty trach nhiem huu han|cong ty co phan|cong ty tnhh|cong ty cp|cong ty tnhh mtv
  any cong ty trach nhiem huu han mot thanh vien

  # China, Japan, Korea
  end kk|kabushiki kaisha|kabushikikaisha|gk|godo kaisha|yk|company limited by shares
  start kabushiki kaisha
  affix 株式会社|有限会社|合同会社|股份有限公司|有限责任公司|有限責任公司|股份公司|有限公司|주식회사|유한회사|合名会社|合資会社|有限合伙|公司
  any kabushiki gaisha|kabushiki kaisha|yugen kaisha|godo kaisha|youxian gongsi|gufen youxian gongsi
  any youxian zeren gongsi|chusik hoesa

  # securities
  listing common stock|common share|common shares|common unit|common units|common subordinate|common voting
  listing voting common|non voting|capital stock|ordinary share|ordinary shares|american depositary
  listing american depository|sponsored american|unsponsored american|sponsored adr|unsponsored adr|ads each
  listing class a shares|class b shares|closed end fund|global depositary|depositary share|depositary shares
  listing depository shares|preferred stock|preferred share|preferred shares|preference shares
  listing subordinate voting|limited voting|registered shares|registry shares|new york registry
  listing shares of beneficial|beneficial interest|limited partner interests|limited partnership units
  listing ord share|ord shares|cmn shs|dep shs|first mortgage bonds|mortgage bonds
  listing collateral trust mortgage bonds|senior notes|subordinated notes|junior subordinated|notes due
  listing debentures due|common new|class a common|class b common|class c common|class a ordinary
  listing class b ordinary|class c ordinary|class a ord|class b ord|class a exchangeable|class a subordinate
  listing class b subordinate|class a representing|class a limited|class a non voting|class c capital
  listing class a stock|class b stock|class c stock|a ordinary shares|b ordinary shares|registered ordinary
  listing new common|ny registry|ordinary stock|depository receipt|depository receipts|depositary receipt
  listing depositary receipts|depositary interest|depositary interests|american depository share
  listing adr representing|ads representing|each representing|sponsored gdr|sponsored ads|spons adr|unsp adr
  listing preferred securities|perpetual preferred|preferred series|preference share|redeemable warrants
  listing redeemable warrant|warrants to|warrant to|warrants each|units each|rights each|rights to
  listing tracking stock|shares of common|trust preferred|cumulative redeemable|cumulative preferred
  listing convertible preferred|convertible notes|bearer shares|registered share|namensaktien|stammaktien
  listing vorzugsaktien|inhaberaktien|genussscheine|acciones ordinarias|acciones preferidas
  listing actions ordinaires|azioni ordinarie|equity shares
  end adr|ads|gdr
  security new|unit|units|warrant|warrants|right|rights|common|ordinary|reit|adr|ads|gdr|ord|stock|share
  security shares|sponsored|preferred|preference|registered|voting|bearer|old|cdi

  # what is left of a placeholder, or of a name that was cut
  generic co|companies|corporation|incorporated|group|holding|management|gmbh|llc|plc

  # scripts that are romanised otherwise: a form of these letters alone, first or last
  native ооо|оао|зао|пао|ао|тов|прат|пат|ат|тоо|фгуп|гуп|одо|чуп|ип|нао|дооел|ад|еоод|оод|еад|доо|пп|иооо
  native сооо|αε|αεε|επε|εε|οε|ικε|αβεε|შპს|სს|სპს|սպը|փբը|բբը
`,
  'lines',
);
