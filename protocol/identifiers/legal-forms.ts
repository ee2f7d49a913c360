import { table } from './table.ts';

/**
 * Words that say what a company is in law or what of it is listed, not which one it is; folded as names
 * are. A line is its use and the words: `end` stands last, `start` first, `affix` is joined to the first
 * or last word in scripts without spaces, `listing` starts the description of a security, which is cut
 * off with all that follows.
 */
export const LEGAL_FORMS = table(
  `
  # English-speaking countries
  end inc
  end incorporated
  end corp
  end corporation
  end co
  end company
  end co inc
  end company inc
  end co ltd
  end co limited
  end company ltd
  end company limited
  end co llc
  end ltd
  end limited
  end ltd co
  end llc
  end lc
  end llp
  end lllp
  end lp
  end pllc
  end pc
  end plc
  end public limited company
  end public ltd co
  end public limited co
  end limited liability company
  end limited liability partnership
  end limited partnership
  end ltee
  end limitee
  end ulc
  end cic
  end dac
  end designated activity company
  end na
  end national association
  end pty
  end pty ltd
  end pty limited
  end proprietary limited
  end pte
  end pte ltd
  end pte limited
  end private ltd
  end private limited
  end pvt ltd
  end pvt limited
  end bhd
  end berhad
  end sdn bhd
  end sendirian berhad
  end pcl
  end public company limited

  # German-speaking countries
  end gmbh
  end ggmbh
  end mbh
  end gesellschaft mit beschrankter haftung
  end ag
  end aktiengesellschaft
  end kg
  end kgaa
  end ohg
  end gbr
  end ug
  end ug haftungsbeschrankt
  end haftungsbeschrankt
  end ek
  end ev
  end eg
  end se
  end gmbh and co kg
  end gmbh and co kgaa
  end gmbh and co ohg
  end ag and co kg
  end ag and co kgaa
  end se and co kg
  end se and co kgaa
  end ug and co kg

  # French, Italian, Spanish, Portuguese, Romanian
  end sa
  end sas
  end sasu
  end sarl
  end eurl
  end snc
  end sca
  end scs
  end scop
  end gie
  end societe anonyme
  end sprl
  end asbl
  end aisbl
  end vzw
  end ivzw
  end bvba
  end srl
  end srls
  end spa
  end sapa
  end scarl
  end scpa
  end sagl
  end societa per azioni
  end sl
  end slu
  end sau
  end saa
  end sac
  end sociedad anonima
  end sociedad limitada
  end sab
  end sab de cv
  end sa de cv
  end sapi de cv
  end s de rl
  end s de rl de cv
  end sapib de cv
  end de cv
  end esp
  end sgps
  end sgps sa
  end lda
  end limitada
  end ltda
  end eireli

  # Netherlands, North and Baltic
  end nv
  end bv
  end vof
  end cv
  end naamloze vennootschap
  end besloten vennootschap
  end ab
  end ab publ
  end publ
  end aktiebolag
  end abp
  end as
  end asa
  end ans
  end aps
  end aktieselskab
  end amba
  end oy
  end oyj
  end oy ab
  end hf
  end ehf
  end ou
  end uab
  end sia

  # East of Europe, Turkey
  end kft
  end zrt
  end nyrt
  end rt
  end bt
  end sp z oo
  end sp zoo
  end spolka z oo
  end spolka z ograniczona odpowiedzialnoscia
  end spolka akcyjna
  end sp k
  end spk
  end sp j
  end spj
  end sro
  end s ro
  end spol s ro
  end vos
  end doo
  end dd
  end ad
  end ead
  end ood
  end eood
  end ooo
  end oao
  end zao
  end pao
  end ojsc
  end cjsc
  end pjsc
  end jsc
  end joint stock company
  end ооо
  end оао
  end зао
  end пао
  end ао
  end тов
  end anonim sirketi
  end limited sirketi
  end ltd sti
  start ooo
  start oao
  start zao
  start pao
  start ojsc
  start cjsc
  start pjsc
  start jsc
  start ооо
  start оао
  start зао
  start пао
  start ао
  start тов
  start uab

  # Africa, Middle East, Indonesia
  end sae
  end saog
  end saoc
  end ksc
  end kscp
  end kpsc
  end qsc
  end qpsc
  end bsc
  end psc
  end wll
  end fze
  end fzco
  end fz llc
  end tbk
  end persero tbk
  start pt

  # China, Japan, Korea
  end kk
  end kabushiki kaisha
  end kabushikikaisha
  end gk
  end godo kaisha
  start kabushiki kaisha
  affix 株式会社
  affix 有限会社
  affix 合同会社
  affix 股份有限公司
  affix 有限责任公司
  affix 有限責任公司
  affix 股份公司
  affix 有限公司
  affix 주식회사
  affix 유한회사

  # securities
  listing common stock
  listing common share
  listing common shares
  listing common unit
  listing common units
  listing common subordinate
  listing common voting
  listing voting common
  listing non voting
  listing capital stock
  listing ordinary share
  listing ordinary shares
  listing american depositary
  listing american depository
  listing sponsored american
  listing unsponsored american
  listing sponsored adr
  listing unsponsored adr
  listing ads each
  listing class a shares
  listing class b shares
  listing closed end fund
  listing global depositary
  listing depositary share
  listing depositary shares
  listing depository shares
  listing preferred stock
  listing preferred share
  listing preferred shares
  listing preference shares
  listing subordinate voting
  listing limited voting
  listing registered shares
  listing registry shares
  listing new york registry
  listing shares of beneficial
  listing beneficial interest
  listing limited partner interests
  listing limited partnership units
  end adr
  end ads
  end gdr
`,
  'lines',
);
