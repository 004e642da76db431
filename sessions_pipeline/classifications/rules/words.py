"""Word lists: which words point to which idea, in ten languages.

An entry is a word, a stem ending in `*`, or a phrase of several whole words. Case and accents do not matter. Chinese,
Japanese and Korean entries are looked for anywhere in the text, since words there are not set apart (Korean takes
endings). Ideas are named here once; what an idea is evidence for is said in the module of the facet that uses it.
"""

from __future__ import annotations

# What a person says. The first nine ideas are the work modes that a request in these words asks for.
WORDS: dict[str, dict[str, str]] = {
    "build": {
        "en": """
        implement*, build, building, refactor*, rewrite the code, migrat*, port, convert*, extend*, integrat*,
        improv*, optimi*, feature, features, endpoint, endpoints, component, components, button, app, website,
        webapp, game, functionality, redesign*, speed up, clean up, simplify, hook up, wire up, prototype, mvp, ui,
        support for, new page, new class, develop, code up, script, write a script, write a function,
        write a program, style, align, layout, animation, backend, frontend, database table, wrapper, library,
        module, plugin, extension""",
        "es": """
        implement*, construy*, constru*, refactor*, mejora*, desarroll*, funcionalidad, pagina, boton, aplicacion,
        escribe un script, programa*, codigo""",
        "de": """
        implementier*, baue, bauen, einbau*, umbau*, refaktor*, verbesser*, entwickl*, erweiter*, funktion, seite,
        knopf, anwendung, schreib ein skript, code, programmier*""",
        "fr": """
        implement*, construi*, refactor*, amelior*, developp*, fonctionnalite*, page, bouton, integre*,
        ecris un script, code, programme*""",
        "pt": """
        implement*, constru*, refator*, melhor*, desenvolv*, funcionalidade, pagina, botao, aplicativo,
        escreve um script, codigo, programa*, organiza*""",
        "it": """
        implement*, costru*, rifattor*, miglior*, svilupp*, funzionalita, pagina, pulsante, scrivi uno script,
        codice, programma*""",
        "ru": """
        реализу*, построй*, рефактор*, улучш*, разработ*, функци*, страниц*, кнопк*, напиши скрипт, напиши код,
        напиши функцию, скрипт*, перепиши*, код, приложени*, сайт*, бот, бота, собер*""",
        "zh": """
        实现, 构建, 开发, 重构, 优化, 功能, 页面, 按钮, 完成开发, 写代码, 脚本, 接口, 组件, 迁移, 升级为, 支持,
        实作, 程式, 专案, 套用""",
        "ja": "実装, 開発, リファクタ, 改善, 機能, ページ, ボタン, 直す, コード, スクリプト, 対応して, 実現",
        "ko": "구현, 개발, 리팩토링, 리팩터링, 개선, 기능, 페이지, 버튼, 코드, 스크립트, 지원, 변환",
    },
    "fix": {
        "en": """
        fix, fixes, fixing, fixed, bug, bugs, buggy, broken, breaks, crash*, error, errors, fails, failing, failed,
        failure, exception*, traceback, stacktrace, stack trace, debug*, repair*, resolve, not working,
        doesn't work, doesnt work, does not work, isn't working, isnt working, won't work, stopped working,
        no longer works, wrong, incorrect, regression, hangs, stuck, flaky, not loading, won't load, wont load,
        doesn't load, broke, leak, troubleshoot*, can't connect, cannot connect, unreachable, issue with,
        problem with, corrupt*, undefined, not showing, doesn't show, not found, timeout, times out, 500, 502, 503,
        404, unexpected, diagnos*, root cause, doesn't, can't, cannot, why is it not, keeps, keep getting,
        locked out, missing, weird, strange, glitch*, for no reason""",
        "es": """
        arregl*, corrig*, correg*, error, errores, fallo, falla, fallan, falla*, roto, rota, no funciona, no anda,
        no carga, bug, bugs, depur*, excepcion, solucion*, problema con, no aparece, se cae""",
        "de": """
        behebe*, beheb*, reparier*, fehler*, bug, bugs, kaputt, absturz*, sturzt, geht nicht, funktioniert nicht,
        klappt nicht, ausnahme, debugg*, falsch, problem mit, ladt nicht, korrigier*""",
        "fr": """
        corrig*, repar*, erreur*, bug, bugs, bogue*, casse, cassee, plante, marche pas, ne marche, fonctionne pas,
        echoue*, exception, probleme avec, debogu*, resou*, faux, ne charge""",
        "pt": """
        corrig*, conserta*, arrum*, erro, erros, bug, bugs, bugad*, quebrad*, quebrou, falha*, nao funciona,
        nao ta funcionando, nao esta funcionando, trava*, excecao, resolv*, problema com, nao aparece, depura*""",
        "it": """
        correggi*, correzione, ripara*, errore, errori, bug, rotto, rotta, non funziona, non va, fallisce, fallito,
        eccezione, risolv*, problema con, si blocca, sbagliat*""",
        "ru": """
        исправ*, почини*, ошибк*, баг, баги, сломал*, сломан*, падает, упал*, не работает, не грузит*, краш*,
        исключени*, отлад*, проблем*, неправильн*, не открыва*, не запуска*, не видит, не могу, не получается,
        глюк*, зависа*, виснет, почему не""",
        "zh": """
        修复, 修好, 报错, 错误, 失败, 崩溃, 异常, 坏了, 不工作, 不能用, 没有反应, 调试, 不显示, 无法, 解决, 出错,
        问题是, 不了, 没法, 卡住, 卡死, 闪退, 不正常, 不生效, 不对劲, 丢失, 有问题, 不对, 当掉, 跑不起来, 失效""",
        "ja": """
        修正, 直し, 直して, バグ, エラー, 失敗, 壊れ, 動かない, 動きません, 動作しない, 例外, 不具合, 落ちる,
        デバッグ, 表示されない, おかしい, できない, 固まる, 止まる, うまくいかない, 直せ""",
        "ko": """
        고쳐, 수정해, 버그, 오류, 에러, 실패, 고장, 안돼, 안 돼, 안됨, 작동하지, 동작하지, 깨졌, 깨져, 디버그,
        예외, 해결, 이상해, 안되, 멈춰, 안나와, 안 나와, 안됩니다, 먹통""",
    },
    "understand": {
        "en": """
        explain*, understand*, how does, how do, what is, what are, what does, what do, what was, why does, why is,
        why did, why are, where is, where are, where does, which one, tell me, show me, walk me through, describe,
        overview, explore, look into, is there, are there, does it, do we, is it, is this, can i, can we, meaning,
        learn, familiarize, familiarise, who is, when does, curious, clarify, what's, whats, difference between,
        investigate, find out, look at, read through, how can i see, list, read, find, search, locate, see if,
        tell us, how many, how much, how long, what happened, which""",
        "es": """
        explica*, entend*, entiend*, como funciona, que es, que hace, que son, por que, donde esta, cual es,
        muestra*, describe*, resumen del codigo, hay alguna, investig*, cuentame, dime, lee, busca*, encuentra*,
        cuanto, que paso""",
        "de": """
        erklar*, versteh*, wie funktioniert, was ist, was macht, was sind, warum, wieso, wo ist, welche, zeig*,
        beschreib*, uberblick, gibt es, untersuch*, sag mir, lies, suche, finde, sag, wie viel, was passiert""",
        "fr": """
        expliqu*, comprend*, comment fonctionne, qu'est, c'est quoi, que fait, pourquoi, ou est, quel est, montre*,
        decri*, apercu, y a t il, est ce que, dis moi, lis, cherche*, trouve*, combien, quel, quelle, quels""",
        "pt": """
        explica*, entend*, como funciona, o que e, o que faz, por que, pq, porque, onde esta, qual e, mostra*,
        descrev*, visao geral, tem como, existe, me fala, me diz, le, ler, leia, busca, procura*, encontra*,
        quanto, qual, quais, quando, onde, olha, ve se, me mostra, listar""",
        "it": """
        spiega*, capire, capisc*, come funziona, cos'e, cosa e, cosa fa, perche, dov'e, qual e, mostra*, descriv*,
        panoramica, c'e, leggi, cerca*, trova*, dimmi, quanto, quale, quali, elenca*""",
        "ru": """
        объясн*, понять, понима*, как работает, что такое, что делает, почему, зачем, где, какой, покаж*, расскаж*,
        опиши*, есть ли, прочитай*, прочти*, найди*, посмотри*, глянь, поищи*, что за, сколько, кто, когда,
        как мне, откуда, перечисли*, изучи*, разбер*, какие, какая, куда""",
        "zh": """
        解释, 说明一下, 了解, 理解, 是什么, 什么意思, 为什么, 怎么, 如何, 在哪, 哪个, 介绍, 看看, 有没有, 查看,
        阅读, 读取, 读一下, 看一下, 找到, 查找, 搜索, 列出, 告诉我, 几个, 什么, 哪里, 哪些, 多久, 分别是, 原理,
        请问, 是不是, 为何, 哪个档案, 说明""",
        "ja": """
        説明, 教えて, 理解, とは, なぜ, どうして, どこ, どの, どうやって, 概要, 見せて, 調べて, ありますか, ですか,
        読んで, 探して, 検索, 一覧, 何, いつ, どれ, 誰, 確認したい, 知りたい""",
        "ko": """
        설명, 알려, 이해, 뭐야, 무엇, 왜, 어디, 어떻게, 어떤, 보여, 조사, 있나, 인가요, 읽어, 찾아, 검색, 목록,
        무슨, 몇, 언제, 누구, 얼마""",
    },
    "test": {
        "en": """
        test, tests, testing, tested, unit test, coverage, e2e, integration test, review, reviewing, code review,
        audit*, qa, verify, validat*, assertion*, test case, test cases, vulnerabilit*, security review,
        pr feedback, review comments, double check, benchmark*, regression test, test suite, lint, peer review,
        pen test, look over, critique, sanity check, smoke test, qa pass, verification, acceptance test""",
        "es": "prueba, pruebas, testea*, revis*, auditor*, verific*, cobertura, vulnerabilidad*",
        "de": "teste, testen, testfall*, test*, pruf*, uberpruf*, review, audit, abdeckung, schwachstelle*",
        "fr": "teste*, tests, verifi*, revue, relis*, audit*, couverture, vulnerabilite*",
        "pt": "teste, testes, testa*, revis*, verific*, auditor*, cobertura, vulnerabilidade*",
        "it": "test, testa*, verific*, revision*, controlla*, audit, copertura, vulnerabilita",
        "ru": "тест*, провер*, ревью, аудит*, покрыти*, уязвимост*, протестиру*, проревьюй*, валидаци*",
        "zh": "测试, 审查, 审核, 审计, 验证, 检查, 覆盖率, 漏洞, 评审, 测试用例, 单测, 验收, 校验, 回归, 自测",
        "ja": "テスト, レビュー, 検証, 監査, 確認して, カバレッジ, 脆弱性, テストを, 点検, 査読",
        "ko": "테스트, 리뷰, 검토, 검증, 점검, 감사해줘, 커버리지, 취약점, 테스트를, 검수, 확인해",
    },
    "operate": {
        "en": """
        deploy*, install*, uninstall*, docker*, container*, kubernetes, k8s, helm, ci, cd, pipeline, pipelines,
        github actions, release, releases, publish*, server, nginx, ssh, environment, env, dependenc*, upgrade*,
        setup, set up, configur*, terraform, ansible, aws, azure, gcp, vercel, netlify, heroku, cloudflare, backup,
        monitor*, logs, cron, systemd, systemctl, permission, permissions, login, restart, reboot, wifi, network,
        driver, drivers, vpn, dns, domain, ssl, certificate, hosting, cluster, boot, disk, version bump, npm, pip,
        brew, apt, winget, localhost, launch, download, start the server, run the app, run it, start it, turn on,
        turn off, enable, disable, connect, mount, start up, free up, clean disk, firewall, router, bluetooth,
        printer, api key, credentials, proxy, bios, linux, ubuntu, windows, macos""",
        "es": """
        despleg*, instal*, servidor, configur*, entorno, dependenc*, actualiz*, publica*, respaldo, red, arranca*,
        inicia*, ejecuta*, reinicia*, conecta*, descarga*, activa*, desactiva*, puerto, disco""",
        "de": """
        deploy*, installier*, server, konfigur*, einricht*, umgebung, abhangigkeit*, aktualisier*, veroffentlich*,
        starte*, neustart*, verbinde*, aktivier*, deaktivier*, herunterlad*, festplatte, netzwerk""",
        "fr": """
        deploi*, deploy*, install*, serveur, configur*, environnement, dependance*, mettre a jour, publi*, demarr*,
        lance*, redemarr*, connect*, telecharg*, activ*, desactiv*, disque, reseau""",
        "pt": """
        deploy*, implant*, instal*, servidor, configur*, ambiente, dependenc*, atualiz*, publica*, vps, inicia*,
        roda, rodar, reinicia*, conecta*, baixa*, ativa*, desativa*, liga, desliga, disco, rede, acessar, link,
        porta""",
        "it": """
        deploy*, distribui*, install*, server, configur*, ambiente, dipendenz*, aggiorna*, pubblic*, avvia*,
        riavvia*, connett*, scarica*, attiva*, disattiva*, disco, rete""",
        "ru": """
        разверн*, деплой*, задепло*, установ*, сервер*, настро*, окружени*, зависимост*, обнов*, запусти*,
        перезапус*, останови*, включи*, отключи*, выключи*, подключ*, скача*, загруз*, поставь, порт, диск, сеть,
        доступ*, открой*, логин*, бэкап*, докер*, хостинг*, домен*""",
        "zh": """
        部署, 安装, 服务器, 配置, 环境, 依赖, 升级, 发布, 重启, 容器, 运维, 上线, 启动, 运行, 关闭, 停止, 连接,
        下载, 打开, 端口, 磁盘, 网络, 登录, 权限, 备份, 镜像, 域名, 更新到, 账号, 伺服器, 布署, 登入, 连线, 设定,
        安裝, 执行档, 主机""",
        "ja": """
        デプロイ, インストール, サーバー, 設定, 環境, 依存, アップグレード, リリース, 再起動, 起動, 停止, 接続,
        ダウンロード, 有効, 無効, ポート, ディスク, ネットワーク, ログイン, 権限, バックアップ, 実行して""",
        "ko": """
        배포, 설치, 서버, 설정, 환경, 의존성, 업그레이드, 릴리스, 재시작, 동기화, 실행, 시작, 중지, 연결, 다운로드,
        켜, 꺼, 포트, 디스크, 네트워크, 로그인, 권한, 백업""",
    },
    "plan": {
        "en": """
        planning, design doc, architect*, roadmap, spec, specs, specification*, proposal, strategy, brainstorm*,
        trade off, trade offs, tradeoff, tradeoffs, should we, should i, how should, how would you, approach,
        approaches, think about, pros and cons, prioriti*, milestone*, rfc, adr, next steps, recommend*, ideas,
        best way, backlog, scope out, user stories, which is better, feasib*, design a, design the, decide,
        decision, discuss, consider, figure out how, come up with, scope, what do you think, thoughts on,
        help me think, evaluate options, would like to have, make a plan, create a plan, write a plan,
        draft a plan, come up with a plan, plan out, plan for, plan the, plan how, plan mode, implementation plan,
        options for""",
        "es": """
        planific*, arquitectura, hoja de ruta, propuesta, estrategia, deberiamos, opciones, requisitos, discut*,
        decid*, ideas, que opinas, haz un plan, crea un plan""",
        "de": """
        planen, planung, architektur, konzept, vorschlag, strategie, sollten wir, optionen, anforderungen,
        uberleg*, entscheid*, ideen, was meinst du, erstelle einen plan""",
        "fr": """
        planifi*, architecture, feuille de route, proposition, strategie, devrions, options, exigences, idees,
        discut*, decid*, qu en penses, fais un plan""",
        "pt": """
        planej*, arquitetura, roteiro, proposta, estrategia, deveriamos, opcoes, requisitos, ideias, discut*,
        decid*, o que acha, vamos pensar, faz um plano, cria um plano, brainstorm*""",
        "it": """
        pianific*, architettura, proposta, strategia, dovremmo, opzioni, requisiti, idee, discut*, decid*,
        cosa ne pensi, fai un piano""",
        "ru": """
        планиру*, спланиру*, архитектур*, дорожн*, предложени*, стратеги*, вариант*, требовани*, обсуд*, подума*,
        идеи, иде*, посовет*, как лучше, продума*, составь план, план работ""",
        "zh": """
        规划, 方案, 架构, 设计文档, 路线图, 策略, 讨论, 思路, 任务拆分, 拆解, 想法, 设计一个, 怎么设计, 评估, 决定,
        优先级, 迭代, 需求分析, 制定计划, 做个计划, 出个方案, 给个建议""",
        "ja": """
        設計, アーキテクチャ, ロードマップ, 提案, 方針, 戦略, 要件, 検討, 案を, 相談, 検討して, どうすべき, 決め,
        タスク分解, 優先, 計画を立て, 計画して""",
        "ko": """
        설계, 아키텍처, 로드맵, 전략, 요구사항, 방안, 기획, 논의, 검토해, 결정, 우선순위, 생각해, 방법을,
        계획을 세워, 계획해, 제안해""",
    },
    "analyze": {
        "en": """
        analy*, data, dataset, datasets, csv, statistic*, chart, charts, plot, plots, correlat*, trend, trends,
        metrics, how many, visuali*, notebook, jupyter, excel, spreadsheet, spreadsheets, distribution, histogram,
        dataframe, pandas, forecast*, cohort, average, median, survey, experiment results, findings, estimate the,
        fit a model, train a model, simulation, parquet, outlier*, significance, segmentation, estimat*, quantif*,
        measur*, evaluat*, accuracy, experiment*, figures, hypothes*, ground truth""",
        "es": """
        analiza*, analisis, datos, estadistic*, grafico*, grafica*, tendencia*, hoja de calculo, cuantos, promedio,
        estim*, medi*, evalu*, experiment*, compara*, calcula*, metrica*""",
        "de": """
        analys*, daten, datensatz*, statisti*, diagramm*, auswert*, trend*, tabelle, wie viele, durchschnitt,
        schatz*, mess*, experiment*, vergleich*, berechn*, metrik*, kennzahl*""",
        "fr": """
        analys*, donnees, statisti*, graphique*, tendance*, tableur, combien, moyenne, estim*, mesur*, evalu*,
        compar*, calcul*, metrique*""",
        "pt": """
        analis*, dados, estatistic*, grafico*, tendencia*, planilha*, quantos, quantas, media, estim*, medir,
        avali*, experiment*, compara*, calcula*, metrica*, desempenho""",
        "it": """
        analizz*, analisi, dati, statistic*, grafico, grafici, tendenz*, foglio di calcolo, quanti, media, stima*,
        misura*, valuta*, esperiment*, confront*, calcol*, metric*""",
        "ru": """
        проанализ*, анализ*, данны*, статистик*, график*, диаграмм*, тренд*, таблиц*, сколько, средн*, посчита*,
        подсчита*, сравни*, оцени*, метрик*, эксель, выборк*, отчёт по""",
        "zh": """
        分析, 数据, 统计, 图表, 趋势, 表格, 多少, 平均, 可视化, 绘制, 统计一下, 对比分析, 指标, 数据集, 计算, 汇总,
        评测结果, 曲线, 资料, 数据库查询, 报表""",
        "ja": "分析, データ, 統計, グラフ, 傾向, 集計, いくつ, 平均, 可視化, 計算, 比較, 指標, データセット, 結果を",
        "ko": "분석, 데이터, 통계, 그래프, 차트, 추세, 집계, 평균, 시각화, 계산, 비교, 지표, 데이터셋, 결과를",
    },
    "orchestrate": {
        "en": """
        prompt, prompts, prompting, system prompt, prompt template, agent workflow, agent workflows,
        agent definition, skill file, new skill, a skill, mcp server, eval, evals, eval harness,
        evaluation harness, llm judge, llm as a judge, rubric, fine tun*, finetun*, slash command, slash commands,
        system message, few shot, agentic, multi agent, agent instructions, custom agent, custom agents,
        classifier prompt, guardrail*, rag pipeline, build an agent, write an agent""",
        "es": "prompt, prompts, instrucciones del agente, flujo de agentes, agente de ia",
        "de": "prompt, prompts, agentenanweisung*, ki agent*, systemprompt",
        "fr": "prompt, prompts, instructions de l'agent, agents ia, invite systeme",
        "pt": "prompt, prompts, instrucoes do agente, fluxo de agentes, agente de ia",
        "it": "prompt, prompts, istruzioni dell'agente, agenti ia",
        "ru": "промпт*, системный промпт, инструкции агента",
        "zh": "提示词, 智能体, 系统提示, 代理指令",
        "ja": "プロンプト, エージェント定義, エージェント設計",
        "ko": "프롬프트, 에이전트 정의, 에이전트 지침",
    },
    "communicate": {
        "en": """
        email, emails, mail, memo, essay, blog, article, letter, slide, slides, slideshow, presentation, deck,
        powerpoint, pptx, docx, word document, resume, cv, cover letter, report, reword, wording, word, translat*,
        proofread*, notes, newsletter, tweet, linkedin, announcement, readme, summary, summarize, summarise,
        minutes, caption, speech, documentation, docs, manuscript, abstract, paper, chapter, story, recipe,
        invitation, tone, paragraph, write up, press release, job description, meeting, poem, poems, write a story,
        write an essay, write an email, write a report, reply to, respond to, message to, wiki, faq, guide,
        tutorial, title, headline, bio, quotes, script for the video""",
        "es": """
        correo, carta, ensayo, articulo, diapositiva*, presentacion, informe, redact*, traduc*, resumen, notas,
        texto, mensaje, poema, documento, responde""",
        "de": """
        mail, brief, aufsatz, artikel, folie*, prasentation, bericht, formulier*, ubersetz*, zusammenfass*,
        notizen, text, nachricht, gedicht, dokument, antworte, schreib einen""",
        "fr": """
        courriel, lettre, essai, article, diapositive*, presentation, rapport, redige*, tradui*, resume, notes,
        texte, message, poeme, document, reponds, mel""",
        "pt": """
        carta, redacao, artigo, slide*, apresentacao, relatorio*, redig*, traduz*, traducao, resumo, notas, texto,
        legenda*, mensagem, email, e mail, poema, roteiro de video, documento, resposta""",
        "it": """
        lettera, saggio, articolo, diapositiv*, presentazione, relazione, scrivi un testo, tradu*, riassunt*,
        appunti, messaggio, poesia, documento, rispondi, mail""",
        "ru": """
        письмо, письма, эссе, стать*, слайд*, презентаци*, отчет*, переведи*, перевод*, резюме, заметк*, текст*,
        напиши письмо, напиши текст, напиши пост, пост, сообщени*, стих*, рассказ*, документ*, перескажи*,
        суммариз*, договор*, ответь""",
        "zh": """
        邮件, 信, 文章, 幻灯片, 演示, 报告, 翻译, 总结, 摘要, 润色, 简历, 文案, 笔记, 论文, 文档, 说明书, 写一篇,
        写一封, 整理成, 回复, 日报, 周报, 公众号, 标题, 简报, 信件, 履历""",
        "ja": """
        メール, 手紙, 記事, スライド, プレゼン, 報告, 翻訳, 要約, まとめて, 文章, 履歴書, 論文, 議事録, 文書,
        ドキュメント, 返信, 日報, タイトル, 書類""",
        "ko": """
        메일, 편지, 기사, 슬라이드, 프레젠테이션, 보고서, 번역, 요약, 이력서, 문서, 논문, 회의록, 글을, 답장, 제목,
        소개서, 자료""",
    },
    "make": {
        "en": """
        add*, create*, make, generate*, write the code, write code, change, update, edit, modify, adjust, tweak,
        remove, delete*, replace, move, rename, write, draft, prepare, produce, put together, put""",
        "es": """
        anade*, anadir, agreg*, agrega, crea, crear, cree, haz, hazme, genera*, cambia*, elimina*, quita,
        reemplaz*, mueve, borra*, escribe, redacta, prepara""",
        "de": """
        hinzufuge*, fuge, erstell*, mach, mache, generier*, ander*, entfern*, ersetz*, losche*, verschieb*,
        umbenenn*, schreib*, verfass*""",
        "fr": """
        ajout*, cree, creer, creez, fais, genere*, chang*, supprim*, remplac*, modifi*, deplace*, renomme*, ecris,
        redige*, prepare""",
        "pt": """
        adicion*, cria, criar, crie, faz, faca, fazer, gera, gerar, muda, mudar, remov*, substitu*, coloca, tira,
        ajusta*, altera*, apaga*, exclu*, move, mover, troca*, inclu*, escreve, escreva, prepara""",
        "it": """
        aggiung*, crea, creare, fai, genera*, cambi*, rimuov*, sostitu*, modific*, cancella*, sposta*, rinomina*,
        scrivi, prepara""",
        "ru": """
        добав*, созда*, сдела*, сгенериру*, измени*, удали*, замени*, перенеси*, переименуй*, допиши*, убери*,
        поменяй*, напиши*, подготовь*, составь*""",
        "zh": """
        添加, 增加, 创建, 新建, 改成, 修改, 删除, 替换, 写一个, 做一个, 编写, 生成, 加上, 加入, 改为, 改一下, 调整,
        移除, 移动, 重命名, 新增, 改写, 去掉, 写, 准备, 撰写""",
        "ja": "追加, 作成, 作って, 変更, 削除, 置き換え, 書いて, 生成, 調整, 移動, 消して, 入れて, 変えて, 準備して",
        "ko": "추가, 만들, 생성, 변경, 삭제, 바꿔, 작성해, 생성해, 조정, 이동, 지워, 넣어, 바꾸, 써줘, 준비해, 작성",
    },
    "deliver": {
        "en": """
        commit, commits, push, merge, rebase, branch, pull request, pr, draft pr, squash, cherry pick, worktree,
        git, tag it, stash""",
        "es": "commit, commitea, haz commit, sube los cambios, fusiona, rama",
        "de": "commit, committe, pushe, merge, branch, zweig",
        "fr": "commit, commite, pousse, fusionne, branche",
        "pt": "commit, commita, sobe as mudancas, dar push, mescla, branch",
        "it": "commit, committa, unisci, ramo",
        "ru": "коммит*, закоммит*, запуш*, смерж*, ветк*",
        "zh": "提交, 推送, 合并, 分支",
        "ja": "コミット, プッシュ, マージ, ブランチ",
        "ko": "커밋, 푸시, 머지, 브랜치",
    },
    # What a turn does in the conversation.
    "approval": {
        "en": """
        thanks, thank you, thx, ty, great, perfect, awesome, excellent, amazing, love it, works now, it works,
        that works, works great, working now, looks good, looks great, lgtm, nice, well done, good job, great job,
        brilliant, beautiful, that's it, exactly, fantastic, wonderful, cool, good work, ship it, approved,
        all good, nailed it, spot on""",
        "es": """
        gracias, perfecto, perfecta, genial, excelente, funciona bien, muy bien, estupendo, ya funciona, buenisimo,
        listo""",
        "de": """
        danke, perfekt, super, toll, ausgezeichnet, klasse, funktioniert jetzt, passt, sehr gut, prima, wunderbar""",
        "fr": "merci, parfait, parfaite, genial, excellent, super, ca marche, tres bien, impeccable, nickel, bravo",
        "pt": """
        obrigado, obrigada, valeu, perfeito, perfeita, otimo, excelente, funcionou, muito bom, show, maravilha,
        ficou bom""",
        "it": """
        grazie, perfetto, perfetta, ottimo, eccellente, funziona ora, benissimo, bravo, fantastico, va bene cosi""",
        "ru": "спасибо, отлично, супер, прекрасно, класс, идеально, заработало, хорошо работает, молодец, круто",
        "zh": "谢谢, 太好了, 完美, 很好, 不错, 可以了, 好用, 成功了, 太棒, 漂亮, 感谢",
        "ja": "ありがとう, 完璧, 素晴らしい, いいですね, 動いた, 動きました, 良い感じ, 最高, 助かり",
        "ko": "감사, 고마워, 완벽, 좋아요, 좋습니다, 훌륭, 잘 된다, 잘된다, 잘 됩니다, 최고",
    },
    "complaint": {
        "en": """
        still not, still doesn't, still does not, still broken, still failing, still fails, still getting,
        still the same, still wrong, still see, same error, same issue, same problem, same thing again,
        didn't work, did not work, doesnt work, didnt work, not what i, isn't what i, that's wrong, this is wrong,
        thats wrong, you broke, it broke, made it worse, worse, not fixed, unacceptable, not good, doesn't help,
        nothing changed, nothing happened, not correct, no change, did not fix, didn't fix""",
        "es": """
        sigue sin, sigue igual, mismo error, no funciono, no es lo que, esta mal, no sirve, peor, no cambio nada""",
        "de": """
        immer noch nicht, geht immer noch, gleicher fehler, derselbe fehler, nicht was ich, hat nicht geklappt,
        schlechter""",
        "fr": """
        toujours pas, meme erreur, n'a pas marche, pas ce que, c'est faux, pire, rien n'a change,
        ne marche toujours""",
        "pt": """
        ainda nao, continua sem, mesmo erro, nao funcionou, nao e isso, ta errado, esta errado, pior,
        nao mudou nada, continua dando""",
        "it": "ancora non, stesso errore, non ha funzionato, non e quello, e sbagliato, peggio, non e cambiato",
        "ru": "все еще не, всё еще не, по прежнему не, та же ошибка, не помогло, не то, хуже, опять не, снова не",
        "zh": "还是不行, 还是报错, 还是没有, 同样的错误, 没用, 不对, 更糟, 没有变化, 不是我要, 依然",
        "ja": "まだ動かない, まだエラー, 同じエラー, 直っていない, 直ってない, 違います, 変わらない, 悪化",
        "ko": "아직도 안, 여전히, 같은 오류, 같은 에러, 안 고쳐, 틀렸, 더 나빠, 변화가 없, 그게 아니",
    },
    "frustration": {
        "en": """
        wtf, ffs, fuck*, shit*, damn, damnit, stupid, idiot, useless, ridiculous, frustrat*, annoying,
        for the last time, i told you, how many times, stop doing, garbage, waste of time, disappointed, give up,
        i'm done, this is crazy""",
        "es": "mierda, inutil, estupid*, te dije, harto, horrible, joder, carajo",
        "de": "scheisse, scheiss*, nutzlos, dumm, furchtbar, ich habe doch gesagt, verdammt",
        "fr": "merde, inutile, stupide, horrible, putain, je t'ai dit, n'importe quoi",
        "pt": "merda, inutil, burro, porra, caralho, horrivel, eu falei, ja falei, puta que",
        "it": "merda, inutile, stupid*, orribile, cazzo, ti ho detto",
        "ru": "блин, черт, дерьмо, бесполезн*, тупой, ужас*, бля*, я же сказал",
        "zh": "垃圾, 废物, 蠢, 气死, 我说过, 烦死, 搞什么",
        "ja": "くそ, 役に立たない, ひどい, いい加減, 何度も言",
        "ko": "쓸모없, 멍청, 젠장, 짜증, 몇 번을, 답답",
    },
    "abandon": {
        "en": """
        forget it, never mind, nevermind, i'll do it myself, i will do it myself, do it myself, leave it, drop it,
        let's stop here, not worth it, scrap it, scrap that, i give up, abandon this""",
        "es": "olvidalo, dejalo, lo hago yo, no importa ya",
        "de": "vergiss es, lass es, ich mache es selbst, mach ich selbst, egal",
        "fr": "laisse tomber, oublie, je le fais moi meme",
        "pt": "esquece, deixa pra la, eu mesmo faco, deixa quieto",
        "it": "lascia stare, lascia perdere, lo faccio io",
        "ru": "забудь, не надо, сделаю сам, сделаю сама, оставь",
        "zh": "算了, 不用了, 我自己来, 我自己做, 放弃",
        "ja": "もういい, やめて, 自分でやる, 諦め",
        "ko": "됐어, 그만, 내가 할게, 제가 직접, 포기",
    },
    "settle": {
        "en": """
        better than nothing, good enough, that will do, leave the rest, skip the rest, i can live with,
        works for now, fine for now, the rest can wait""",
        "es": "mejor que nada, suficiente por ahora",
        "de": "besser als nichts, reicht erstmal, reicht vorerst",
        "fr": "mieux que rien, ca suffira, suffit pour l'instant",
        "pt": "melhor que nada, por enquanto serve, ta bom por enquanto",
        "it": "meglio di niente, per ora basta",
        "ru": "лучше чем ничего, пока хватит, пока сойдет",
        "zh": "总比没有好, 先这样, 暂时这样",
        "ja": "ないよりまし, とりあえずこれで",
        "ko": "없는 것보다, 일단 이 정도",
    },
    "correction": {
        "en": """
        actually, no that, no you, not that, not this one, i meant, i mean, that's not, that is not, thats not,
        this is not, this isn't, you missed, you forgot, you didn't, you did not, you should have, you need to use,
        why did you, why are you, don't use, instead you, incorrect*, wrong, rather than what, revert, undo,
        roll back, rollback, put it back, restore, should not have, shouldn't have, shouldn't be, should be,
        supposed to, not quite, i said, i asked, you changed, you removed, you deleted, that's because,
        doesn't make sense, not correct, isn't right, not right, are you sure, but you""",
        "es": "en realidad, te falto, olvidaste, por que hiciste, deshaz, revierte, deberia ser, quise decir",
        "de": "eigentlich, du hast vergessen, warum hast du, ruckgangig, sollte sein, ich meinte",
        "fr": "en fait, ce n'est pas, tu as oublie, pourquoi tu, annule, devrait etre, je voulais dire",
        "pt": """
        na verdade, voce esqueceu, vc esqueceu, por que voce, desfaz, reverte, deveria ser, eu quis dizer, nao era""",
        "it": "in realta, hai dimenticato, perche hai, annulla, ripristina, dovrebbe essere, intendevo",
        "ru": "на самом деле, ты забыл, зачем ты, отмени, верни, должно быть, я имел",
        "zh": """
        其实, 不是这样, 你忘了, 你漏了, 撤销, 回退, 恢复, 应该是, 我的意思, 我是说, 不要这样, 不对, 应该沿用,
        不应该, 你搞错""",
        "ja": "実は, そうではなく, ではなくて, 忘れて, 元に戻して, 戻して, べきです, という意味, じゃなくて",
        "ko": "사실은, 그게 아니라, 아니라, 빠뜨, 빠졌, 되돌려, 복구, 이어야, 말은",
    },
    "go_on": {
        "en": """
        yes, yep, yeah, ok, okay, sure, go, go ahead, continue, proceed, do it, next, keep going, resume,
        try again, again, retry, please do, sounds good, y, k, alright, right, correct, agreed, fine, start, begin,
        carry on""",
        "es": "si, vale, dale, continua, sigue, adelante, de acuerdo, ok, intenta de nuevo, empieza",
        "de": "ja, ok, weiter, mach weiter, gut, einverstanden, los, nochmal, fortfahren",
        "fr": "oui, ok, d'accord, continue, vas y, suivant, encore, reprends",
        "pt": "sim, ok, beleza, blz, continua, continue, segue, pode, isso, vai, pode seguir, tenta de novo",
        "it": "si, ok, va bene, continua, procedi, avanti, d'accordo, riprova",
        "ru": "да, ок, хорошо, продолж*, дальше, давай, ладно, еще раз",
        "zh": "好的, 好, 继续, 可以, 是的, 行, 再试, 下一步, 嗯",
        "ja": "はい, お願いします, 続けて, 進めて, もう一度, 了解",
        "ko": "네, 예, 계속, 진행, 좋아, 다시, 그래, 응",
    },
    "greeting": {
        "en": """
        hi, hello, hey, yo, good morning, good evening, good afternoon, who are you, what's up, sup, bye, goodbye,
        see you, are you there, you there, testing, ping, exit, quit""",
        "es": "hola, buenas, buenos dias, buenas tardes, que tal, adios",
        "de": "hallo, moin, guten morgen, guten tag, tschuss, servus",
        "fr": "bonjour, salut, bonsoir, coucou, au revoir",
        "pt": "oi, ola, eai, e ai, bom dia, boa tarde, boa noite, tchau, ta ai, tudo bem, fala",
        "it": "ciao, buongiorno, buonasera, salve, arrivederci",
        "ru": "привет, здравствуй*, добрый день, пока, доброе утро",
        "zh": "你好, 您好, 在吗, 早上好, 再见",
        "ja": "こんにちは, おはよう, こんばんは, もしもし",
        "ko": "안녕, 반가워, 여보세요",
    },
    "idle": {
        "en": """
        just looking around, looking around, just curious, only curious, was curious, what else, tell me something,
        tell me a joke, nothing in particular, just exploring, playing around, just playing, just trying it out,
        what can you do, who made you, how are you, small talk, for fun""",
        "es": "solo curiosidad, por curiosidad, estoy aburrido, que mas, que puedes hacer",
        "de": "nur neugierig, mir ist langweilig, was kannst du, schaue mich um, was noch",
        "fr": "juste curieux, par curiosite, je m'ennuie, que peux tu faire, quoi d'autre",
        "pt": "so curiosidade, por curiosidade, to entediado, o que voce faz, que mais",
        "it": "solo curiosita, sono annoiato, cosa sai fare, cos altro",
        "ru": "просто интересно, мне скучно, что ты умеешь, что еще",
        "zh": "随便看看, 好奇, 无聊, 你能做什么, 还有什么",
        "ja": "ただの好奇心, 暇, 何ができる, 他に何",
        "ko": "그냥 궁금, 심심, 뭘 할 수 있, 또 뭐",
    },
    # What a turn shows of its writer.
    "constraint": {
        "en": """
        must, must not, only, without, except, unless, at least, at most, no more than, should not, shouldn't,
        instead of, rather than, do not, don't, never, always, exactly, ensure that, make sure that, keep the,
        keep it, as long as, backward compatible, no need to, required, prefer, strictly, limit, maximum, minimum,
        but not, leave the, avoid, should, needs to, has to""",
        "es": """
        debe, deben, solo, sin, excepto, a menos que, al menos, como maximo, en lugar de, en vez de, nunca,
        siempre, evita, deberia""",
        "de": """
        muss, mussen, nur, ohne, ausser, mindestens, hochstens, statt, anstatt, niemals, immer, darf nicht, soll,
        vermeide, sollte, sollen""",
        "fr": """
        doit, doivent, seulement, sans, sauf, au moins, au plus, au lieu, plutot que, jamais, toujours, evite,
        uniquement, devrait""",
        "pt": """
        deve, devem, apenas, somente, sem, exceto, pelo menos, no maximo, em vez de, nunca, sempre, evita, evite,
        deveria, precisa""",
        "it": """
        deve, devono, solo, senza, tranne, almeno, al massimo, invece di, mai, sempre, evita, soltanto, dovrebbe""",
        "ru": "должн*, только, без, кроме, минимум, максимум, вместо, никогда, всегда, избега*, нельзя, нужно чтобы",
        "zh": "必须, 只, 不要, 除了, 至少, 最多, 而不是, 始终, 避免, 不能, 务必, 应该, 需要",
        "ja": "必ず, のみ, だけ, 以外, 少なくとも, 最大, 代わりに, 常に, 避けて, しないで, 必要があります, べき",
        "ko": "반드시, 오직, 만 , 제외, 최소, 최대, 대신, 항상, 절대, 하지 말고, 하지말고, 해야",
    },
    "reason": {
        "en": """
        because, since, so that, otherwise, therefore, due to, in order to, the reason, which means, that way,
        as a result, so we can, in case, given that, hence""",
        "es": "porque, ya que, para que, debido a, de lo contrario, por eso, en caso",
        "de": "weil, da sonst, damit, sonst, deshalb, aufgrund, falls, denn, daher",
        "fr": "parce que, car, afin de, sinon, donc, a cause, au cas, puisque, pour que",
        "pt": "porque, ja que, para que, devido, senao, por isso, caso, pois, assim que",
        "it": "perche, poiche, affinche, altrimenti, quindi, a causa, nel caso, cosi che",
        "ru": "потому что, так как, чтобы, иначе, поэтому, из за, в случае",
        "zh": "因为, 所以, 以便, 否则, 由于, 如果",
        "ja": "なので, ので, ため, そうしないと, だから, 場合",
        "ko": "때문에, 왜냐하면, 그래서, 않으면, 하도록, 경우",
    },
    # How things behave inside, which no screen shows; across fields of work.
    "structure": {
        "en": """
        race condition, race conditions, deadlock*, idempoten*, invariant*, edge case, edge cases, corner case,
        corner cases, off by one, rollback, transaction*, atomic*, concurren*, thread safe, mutex, lock contention,
        memory leak, latency, throughput, bottleneck*, cache invalidation, stale, ttl, backpressure, retry,
        retries, backoff, exponential backoff, eventual consistency, foreign key, denormali*, normali*, index scan,
        query plan, schema, polymorph*, generics, covarian*, encapsulat*, decouple*, coupling, cohesion,
        dependency injection, interface, abstraction*, single source of truth, feature flag, feature flags,
        backward compatib*, backwards compatib*, breaking change*, semver, deprecat*, fallback, fallbacks,
        failover, rate limit*, pagination, debounc*, throttl*, lazy load*, tree shak*, hydration, rerender*,
        memoiz*, closure, async, await, event loop, coroutine*, promise, nullable, null check, type guard,
        type safe*, enum, union type, serializ*, deserializ*, encoding, utf, endian, overflow, precision, rounding,
        timezone, time zone, dst, sanitiz*, escaping, injection, csrf, cors, xss, oauth, jwt, hmac, salt, nonce,
        entropy, least privilege, rbac, side effect*, pure function, determinis*, nondeterminis*, stateless,
        stateful, mock*, fixture*, stub*, regression test*, assertion*, baseline, ablation, confound*, covariate*,
        heteroske*, endogen*, autocorrelat*, multicollinear*, p value, confidence interval, standard error*,
        bootstrap*, prior, posterior, likelihood, overfit*, data leakage, hyperparameter*, learning rate,
        gradient*, loss function, embedding*, precision and recall, false positive*, false negative*, sample size,
        statistical power, null hypothesis, batch effect*, signal to noise, sampling rate, aliasing, impedance,
        voltage drop, ground loop, tolerance*, load case, yield strength, margin of safety, accrual*, amortiz*,
        depreciation, liabilit*, materiality, indemnif*, jurisdiction, precedent, contraindicat*,
        differential diagnosis, dosage, pharmacokinetic*, basis points, hedge*, drawdown, sharpe, counterparty,
        conversion rate, churn, attribution, worktree, merge base, rebase, squash, cherry pick, bisect, symlink*,
        inode*, kernel, syscall*, abi, ffi, linker, garbage collect*, heap, stack overflow, pointer*, lifetime*,
        borrow checker, checksum*, hash collision*, state machine, finite state, observab*, telemetry, tracing,
        span, middleware, webhook*, queue, dead letter, partition*, shard*, replica*, quorum, consensus,
        leader election, vector clock, monoton*, refactor into, responsibility, separation of concerns,
        contract test*, regex, tradeoff, trade off, trade offs, tradeoffs, upstream, downstream, invalidat*""",
        "es": """
        condicion de carrera, idempoten*, invariante*, caso limite, casos limite, concurren*, transaccion*,
        latencia, desacopl*, clave foranea""",
        "de": """
        wettlaufsituation, idempoten*, invariante*, randfall, randfalle, nebenlaufig*, transaktion*, latenz,
        entkoppel*, fremdschlussel""",
        "fr": """
        idempoten*, invariant*, cas limite, cas limites, concurren*, transaction*, latence, decoupl*,
        cle etrangere, effet de bord""",
        "pt": """
        condicao de corrida, idempoten*, invariante*, caso extremo, casos extremos, concorren*, transac*, latencia,
        desacopl*, chave estrangeira""",
        "it": """
        idempoten*, invariante, invarianti, caso limite, casi limite, concorren*, transazion*, latenza, disaccopp*,
        chiave esterna""",
        "ru": """
        состояние гонки, идемпотент*, инвариант*, граничн*, крайн*, конкурентн*, транзакц*, задержк*, внешний ключ,
        миграц*""",
        "zh": """
        竞态, 死锁, 幂等, 不变量, 边界情况, 边界条件, 并发, 事务, 延迟, 解耦, 外键, 内存泄漏, 回滚, 缓存失效,
        线程安全, 置信区间""",
        "ja": """
        競合状態, デッドロック, 冪等, 不変条件, エッジケース, 境界条件, 並行, トランザクション, レイテンシ, 疎結合,
        外部キー, メモリリーク""",
        "ko": """
        경쟁 상태, 교착, 멱등, 불변, 엣지 케이스, 경계 조건, 동시성, 트랜잭션, 지연, 결합도, 외래 키, 메모리 누수""",
    },
    "check": {
        "en": """
        check, verify, make sure, double check, confirm, test it, validate, ensure, sanity check, are you sure,
        prove, compare, verified, does it, does this, what happens if, what happens when, what about when,
        have you tested, did you test, did you check, does that handle, is that true, how do you know, cross check""",
        "es": "comprueba, verifica, asegurate, revisa, confirma, que pasa si, estas seguro, compara",
        "de": "prufe, uberprufe, stell sicher, kontrollier*, bestatige, was passiert wenn, bist du sicher, vergleich*",
        "fr": "verifie, verifiez, assure toi, controle, confirme, que se passe, es tu sur, compare",
        "pt": "verifica, verifique, confere, confira, certifique, confirma, o que acontece se, tem certeza, compara",
        "it": "verifica, controlla, assicurati, conferma, cosa succede se, sei sicuro, confronta",
        "ru": "провер*, убедись, убедитесь, подтверд*, что если, ты уверен, сравни*",
        "zh": "检查, 确认, 验证, 确保, 核对, 如果会, 确定吗, 对比",
        "ja": "確認, 検証, チェック, 確かめ, 本当に, 比較",
        "ko": "확인, 검증, 점검, 체크, 정말, 비교",
    },
    "novice": {
        "en": """
        i don't know, i dont know, not sure how, no idea, i'm new, im new, i am new, beginner, newbie,
        i don't understand, i dont understand, confused, how do i, what is a, where do i, step by step,
        what should i do, what do i do, what does this mean, what does that mean, somehow, whatever you think,
        you decide, do whatever, make it better, make it nice, i have no, explain like, simple terms""",
        "es": "no se, no entiendo, soy nuevo, como hago, paso a paso, que hago, no tengo idea",
        "de": """
        ich weiss nicht, keine ahnung, ich verstehe nicht, ich bin neu, wie mache ich, schritt fur schritt,
        was soll ich""",
        "fr": "je ne sais pas, je comprends pas, je suis nouveau, comment faire, etape par etape, que dois je",
        "pt": "nao sei, nao entendo, nao entendi, sou novo, como faco, passo a passo, o que eu faco",
        "it": "non so, non capisco, sono nuovo, come faccio, passo passo, cosa devo fare",
        "ru": "не знаю, не понимаю, я новичок, как мне, шаг за шагом, что делать",
        "zh": "不知道, 不懂, 新手, 怎么办, 一步一步, 小白, 看不懂",
        "ja": "わからない, わかりません, 初心者, どうすれば, 一歩ずつ",
        "ko": "모르겠, 초보, 어떻게 해야, 하나씩",
    },
}

# What the agent says.
AGENT_WORDS: dict[str, dict[str, str]] = {
    "gave_up": {
        "en": """
        i couldn't, i could not, i can't, i cannot, i was unable, i'm unable, unable to, wasn't able, was not able,
        i'm not able, unfortunately, i don't have access, don't have access, i don't have the ability,
        i don't have a, gave up, remains unresolved, still failing, not yet working, couldn't find, could not find,
        i need access, had to skip, don't solve it, doesn't solve it, not solved, no way to, i'm stuck""",
        "es": """
        no pude, no puedo, no es posible, lamentablemente, desafortunadamente, sigue fallando, no encontre,
        no tengo acceso, no esta disponible""",
        "de": """
        konnte nicht, kann nicht, nicht moglich, leider, schlagt weiterhin fehl, nicht gefunden, keinen zugriff,
        nicht verfugbar""",
        "fr": """
        je n'ai pas pu, impossible, malheureusement, ne peux pas, echoue toujours, je n'ai pas acces, introuvable,
        pas disponible""",
        "pt": """
        nao consegui, nao posso, nao e possivel, infelizmente, continua falhando, nao encontrei, nao tenho acesso,
        nao esta disponivel""",
        "it": """
        non sono riuscito, non posso, non e possibile, purtroppo, continua a fallire, non ho trovato,
        non ho accesso, non disponibile""",
        "ru": """
        не удалось, не могу, невозможно, к сожалению, все еще не, нет доступа, не нашел, не найден*, недоступ*,
        отсутству*, не получилось""",
        "zh": "无法, 很遗憾, 抱歉, 失败了, 仍然失败, 没有找到, 不存在, 没有权限, 找不到",
        "ja": "できません, できなかった, 残念, 不可能, 失敗しました, 見つかりません, アクセス権, 存在しません",
        "ko": "할 수 없, 못했습니다, 불가능, 안타깝, 실패했, 찾을 수 없, 접근할 수 없, 없습니다",
    },
    "confirmed": {
        "en": """
        verified, confirmed, tests pass, tests passing, all pass, passes, all green, works correctly,
        working correctly, is working, now works, is live, is running, successfully, succeeded, build passes,
        builds cleanly, no errors, 0 errors, 0 issues, exit code 0, 200 ok, is installed, committed, pushed,
        merged, deployed, matches the expected, as expected, all tests, lint pass, pass""",
        "es": """
        verificado, confirmado, pruebas pasan, funciona correctamente, con exito, exitosamente, sin errores,
        desplegado""",
        "de": "verifiziert, bestatigt, tests bestehen, funktioniert jetzt, erfolgreich, ohne fehler, lauft",
        "fr": "verifie, confirme, tests passent, fonctionne maintenant, avec succes, sans erreur, deploye",
        "pt": "verificado, confirmado, testes passam, testes passando, funcionando, com sucesso, sem erros, no ar",
        "it": "verificato, confermato, test passano, funziona correttamente, con successo, senza errori",
        "ru": "проверено, подтвержден*, тесты проходят, работает, успешно, без ошибок",
        "zh": "已验证, 验证通过, 测试通过, 全部通过, 成功, 正常运行, 没有错误, 已部署, 已提交",
        "ja": "確認しました, 検証済み, テストが通, 成功, 正常に, エラーなし, 完了しました, 動作しています",
        "ko": "확인했습니다, 검증, 테스트 통과, 성공, 정상, 오류 없, 완료됐, 완료되었, 완료했",
    },
    "cause_found": {
        "en": """
        root cause, the bug is, the bug was, the issue is, the issue was, the problem is, the problem was,
        found the bug, found the issue, found the problem, caused by, the fix, fixed the, this fixes,
        that explains, the culprit""",
        "es": "causa raiz, el problema es, el problema era, el error es, encontre el problema, causado por, corregido",
        "de": "ursache, das problem ist, das problem war, der fehler ist, problem gefunden, verursacht durch, behoben",
        "fr": "cause racine, le probleme est, le probleme vient, le bug, trouve le probleme, cause par, corrige",
        "pt": "causa raiz, o problema e, o problema era, o erro e, encontrei o problema, causado por, corrigido",
        "it": """
        causa principale, il problema e, il problema era, l'errore e, trovato il problema, causato da, corretto""",
        "ru": "причина, проблема в, ошибка в, нашел проблему, вызвано, исправлен*",
        "zh": "根本原因, 根因, 问题是, 问题在于, 原因是, 找到了问题, 已修复",
        "ja": "根本原因, 原因は, 問題は, 問題を見つけ, 修正しました",
        "ko": "근본 원인, 원인은, 문제는, 문제를 찾, 수정했습니다",
    },
    "corrects_user": {
        "en": """
        small correction, one correction, slight correction, a correction, that's a misconception,
        common misconception, misunderstanding, that isn't quite, that's not quite, not quite right,
        that's not how, that is not how, isn't how, i'd push back, i would push back, i'd advise against,
        i'd recommend against, not recommended, doesn't work that way, doesn't exist in, there is no such,
        there's no such, won't work because, contrary to""",
        "es": "una correccion, no funciona asi, en realidad no, no existe tal, malentendido, te recomiendo no",
        "de": "kleine korrektur, so funktioniert das nicht, eigentlich nicht, missverstandnis, rate davon ab",
        "fr": "petite correction, ne fonctionne pas comme, en realite non, malentendu, je deconseille",
        "pt": "uma correcao, nao funciona assim, na verdade nao, mal entendido, nao recomendo",
        "it": "una correzione, non funziona cosi, in realta non, malinteso, sconsiglio",
        "ru": "небольшая поправка, это не так, на самом деле не, недоразумение, не рекомендую",
        "zh": "纠正一下, 更正, 不是这样, 实际上不, 误解, 不建议",
        "ja": "訂正, そうではありません, 誤解, お勧めしません",
        "ko": "정정, 그렇지 않습니다, 오해, 권장하지 않",
    },
    "yields": {
        "en": """
        you're right, you are right, you're absolutely right, good catch, great catch, my mistake, i apologize,
        sorry about that, i misunderstood, i misread, fair point, i was wrong, thanks for the correction,
        i should have, my bad, nice catch""",
        "es": "tienes razon, buena observacion, mi error, me equivoque, disculpa, lo siento",
        "de": "du hast recht, sie haben recht, gut erkannt, mein fehler, entschuldigung",
        "fr": "tu as raison, vous avez raison, bien vu, mon erreur, je me suis trompe, desole",
        "pt": "voce tem razao, tem razao, bem observado, meu erro, errei, desculpe, me equivoquei, foi mal",
        "it": "hai ragione, ottima osservazione, errore mio, mi sono sbagliato, scusa",
        "ru": "вы правы, ты прав, хорошее замечание, моя ошибка, я ошибся, извините",
        "zh": "你说得对, 你是对的, 我错了, 我的错",
        "ja": "おっしゃる通り, その通りです, 私の間違い, 申し訳, 失礼しました",
        "ko": "맞습니다, 제 실수, 죄송, 좋은 지적, 제가 잘못",
    },
    "left_open": {
        "en": """
        not yet done, still to do, still needs to, remaining work, remaining issue, remaining issues, known issue,
        known issues, not tested, untested, haven't tested, could not verify, couldn't verify, not verified,
        unverified, did not run, didn't run, left undone, incomplete, partially, only partially, not implemented,
        placeholder, placeholders, stubbed, left out, the rest is missing, the rest is not, only half,
        not in place, still missing, what is missing""",
        "es": "queda pendiente, sin probar, incompleto, parcialmente, la mitad, falta todavia",
        "de": "steht noch aus, ungetestet, unvollstandig, teilweise, die halfte, ausgelassen, fehlt noch",
        "fr": "reste a faire, non teste, incomplet, partiellement, la moitie, laisse de cote, manque encore",
        "pt": "falta fazer, pendente, nao testado, incompleto, parcialmente, metade, ficou de fora, ainda falta",
        "it": "resta da fare, non testato, incompleto, parzialmente, la meta, manca ancora",
        "ru": "осталось сделать, не протестирован*, частично, не завершен*, половин*, не хватает",
        "zh": "尚未, 未完成, 未测试, 部分完成, 待处理, 一半, 还缺, 跳过了",
        "ja": "未完了, 未テスト, 一部のみ, まだ完了, 半分, 残って, スキップしました",
        "ko": "미완료, 테스트하지 않, 일부만, 아직 완료, 절반, 남아 있, 건너뛰",
    },
}
