"""The same course of a session in other languages, for the few sessions whose people don't write English."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrasebook:
    """Templates of one language. openings: work mode (or `other`) -> (low, high expertise) requests."""

    openings: dict[str, tuple[str, str]]
    next: tuple[str, ...]
    expert: tuple[str, ...]
    novice: tuple[str, ...]
    nudges: tuple[str, ...]
    approvals: tuple[str, ...]
    thanks: tuple[str, ...]
    complaints: tuple[str, ...]
    give_up: tuple[str, ...]
    accept: tuple[str, ...]
    chat: tuple[str, ...]
    intros: tuple[str, ...]
    narration: tuple[str, ...]
    done: tuple[str, ...]
    partial: tuple[str, ...]
    failed: tuple[str, ...]
    details: tuple[str, ...]


LANGUAGES: dict[str, Phrasebook] = {
    "de": Phrasebook(
        openings={
            "fix": (
                "Hallo, in {folder} geht etwas nicht mehr und ich weiß nicht warum. Kannst du das reparieren?",
                "In {file} wird `{field}` zweimal verrechnet, aber nur wenn die Liste leer ankommt. Erst Ursache "
                "belegen, "
                "dann die kleinste Änderung.",
            ),
            "build": (
                "Ich hätte gern eine Übersicht mit allen Einträgen und einen Knopf zum Exportieren. Geht das?",
                "Bitte `{fn}` um einen Abgleich mit Toleranz erweitern. Ohne neue Abhängigkeit, alte Aufrufer "
                "unverändert.",
            ),
            "operate": (
                "Wie bekomme ich das auf meinem neuen Rechner zum Laufen? Ich kenne mich damit nicht aus.",
                "Den nächtlichen Lauf auf den neuen Server umziehen, ohne Ausfall, und mit einem Befehl zurücknehmbar.",
            ),
            "communicate": (
                "Schreib mir bitte eine freundliche Mail an die Kollegen, dass sich der Termin verschiebt.",
                "Entwurf für ein Schreiben an die Prüfer: sachlich, keine Zusagen, die Frist aus {file} in den "
                "ersten Satz.",
            ),
            "other": (
                "Kannst du dir {file} einmal anschauen und mir erklären, was das macht?",
                "Geh {file} durch: Wer ruft `{fn}` auf, und wer verlässt sich auf die Reihenfolge? Nichts ändern.",
            ),
        },
        next=(
            "Jetzt bitte dasselbe für die zweite Liste.",
            "Und noch eine Spalte mit dem Datum.",
            "Kannst du das Ergebnis als CSV speichern?",
            "Bitte die Überschrift kürzer.",
        ),
        expert=(
            "Nein, gerundet wird je Zeile und nicht über die Summe. Sonst stimmt der Abgleich nicht.",
            "Prüf bitte gezielt den Jahreswechsel, da ist die Kalenderwoche mehrdeutig.",
        ),
        novice=("Was ist denn ein Terminal?", "Stimmt das jetzt auch wirklich?", "Wo finde ich die Datei?"),
        nudges=("ja", "mach weiter", "ok, gerne", "passt"),
        approvals=("Super, genau so wollte ich es. Danke!", "Getestet, stimmt auf den Cent. Vielen Dank."),
        thanks=("danke", "ok danke"),
        complaints=(
            "Das funktioniert immer noch nicht! Du hast gesagt, es sei fertig.",
            "Nein, jetzt ist es schlimmer.",
        ),
        give_up=("Lass es, ich mache es von Hand.", "Vergiss es, ich frage einen Kollegen."),
        accept=("Gut, dann lassen wir den Rest weg.", "Reicht mir für heute."),
        chat=("Nur aus Neugier: was kann man damit alles machen?", "Interessant. Und sonst?"),
        intros=("Ich sehe mir zuerst {file} an.", "Gern. Ich prüfe kurz den aktuellen Stand."),
        narration=(
            "Ich lese {file}.",
            "Jetzt die Änderung.",
            "Ich probiere es aus.",
            "Ich suche alle Stellen mit `{fn}`.",
        ),
        done=(
            "Erledigt. Die Ursache war, dass `{field}` manchmal leer ist; das fängt `{fn}` jetzt ab.",
            "Fertig: {file} ist angepasst.",
        ),
        partial=("Ein Teil ist fertig. Die zweite Liste fehlt noch, weil dafür Angaben fehlen.",),
        failed=("Das habe ich leider nicht lösen können. Der Fehler kommt nicht aus {file}.",),
        details=(
            "In {n} Fällen war das Feld leer, die stehen jetzt in einer eigenen Liste.",
            "Die alten Einträge bleiben unverändert, neue folgen der Regel in `{fn}`.",
            "Falls du mehr brauchst, lässt sich das an derselben Stelle erweitern.",
        ),
    ),
    "es": Phrasebook(
        openings={
            "fix": (
                "hola, el programa ya no funciona y no sé qué pasa. ¿me ayudas?",
                "En {file} se pierde `{field}` cuando la lista llega vacía. Primero la causa, después el cambio "
                "mínimo.",
            ),
            "build": (
                "Quiero una página donde se vean todos mis pedidos y un botón para descargar. ¿Se puede?",
                "Amplía `{fn}` con una conciliación con tolerancia. Sin dependencias nuevas y sin romper a quien la "
                "llama.",
            ),
            "operate": (
                "¿Cómo instalo esto en mi portátil nuevo? No entiendo de estas cosas.",
                "Mueve la tarea nocturna al servidor nuevo sin corte, y que se pueda deshacer con una orden.",
            ),
            "communicate": (
                "escríbeme un correo amable para los padres, la excursión cambia de fecha",
                "Borrador de carta al auditor: sobrio, sin promesas; el plazo de {file} en la primera frase.",
            ),
            "other": (
                "¿Me explicas qué hace {file}? con palabras fáciles por favor",
                "Recorre {file}: quién llama a `{fn}` y quién depende del orden. No cambies nada.",
            ),
        },
        next=(
            "Ahora lo mismo con la otra lista.",
            "Añade una columna con la fecha.",
            "¿Puedes guardarlo en CSV?",
            "El título más corto, por favor.",
        ),
        expert=(
            "No: se redondea por línea y no sobre la suma, si no el cuadre falla.",
            "Comprueba en concreto el cambio de año, la semana es ambigua.",
        ),
        novice=("¿qué es una terminal?", "¿seguro que está bien?", "¿dónde está el archivo?"),
        nudges=("sí", "vale, sigue", "de acuerdo", "adelante"),
        approvals=("¡Perfecto, justo lo que quería! Gracias", "Probado con los datos reales, cuadra. Muchas gracias."),
        thanks=("gracias", "vale, gracias"),
        complaints=("¡Sigue sin funcionar! Dijiste que estaba listo.", "No, ahora está peor que antes."),
        give_up=("Déjalo, lo hago a mano.", "Nada, pregunto a un compañero."),
        accept=("Bueno, dejamos lo demás para otro día.", "Con eso me basta por ahora."),
        chat=("solo curioseando, ¿qué sabes hacer?", "qué interesante. ¿y qué más?"),
        intros=("Empiezo por mirar {file}.", "Claro. Reviso primero cómo está ahora."),
        narration=("Leo {file}.", "Ahora el cambio.", "Lo pruebo.", "Busco los usos de `{fn}`."),
        done=(
            "Listo. La causa: `{field}` a veces está vacío; ahora `{fn}` lo trata aparte.",
            "Terminado, {file} está adaptado.",
        ),
        partial=("Una parte está hecha. Falta la segunda lista, porque no hay datos para ella.",),
        failed=("No he podido resolverlo. El error no viene de {file}.",),
        details=(
            "En {n} casos el campo estaba vacío; quedan en una lista aparte.",
            "Lo antiguo no cambia, lo nuevo sigue la regla de `{fn}`.",
            "Si hace falta más, se puede ampliar en el mismo sitio.",
        ),
    ),
    "fr": Phrasebook(
        openings={
            "fix": (
                "bonjour, ça ne marche plus depuis hier et je ne comprends pas pourquoi. tu peux réparer ?",
                "Dans {file}, `{field}` est compté deux fois si la liste arrive vide. La cause d'abord, puis le "
                "changement "
                "le plus petit possible.",
            ),
            "build": (
                "Je voudrais une page avec tous mes clients et un bouton pour exporter. C'est possible ?",
                "Étends `{fn}` avec un rapprochement à tolérance près, sans nouvelle dépendance ni rupture "
                "d'interface.",
            ),
            "operate": (
                "Comment installer ça sur mon nouvel ordinateur ? Je n'y connais rien.",
                "Déplace la tâche de nuit sur le nouveau serveur, sans coupure et réversible en une commande.",
            ),
            "communicate": (
                "écris-moi un message gentil pour les bénévoles, l'horaire change",
                "Projet de lettre au contrôleur : factuel, sans promesse, le délai de {file} dès la première phrase.",
            ),
            "other": (
                "Tu peux m'expliquer ce que fait {file} ?",
                "Parcours {file} : qui appelle `{fn}`, et qui dépend de l'ordre ? Ne change rien.",
            ),
        },
        next=("Maintenant pareil pour l'autre liste.", "Ajoute une colonne avec la date.", "Le titre plus court, stp."),
        expert=(
            "Non, on arrondit par ligne et pas sur le total, sinon le rapprochement est faux.",
            "Vérifie précisément le passage d'année, la semaine y est ambiguë.",
        ),
        novice=("c'est quoi un terminal ?", "tu es sûr que c'est juste ?", "il est où le fichier ?"),
        nudges=("oui", "vas-y", "d'accord", "continue"),
        approvals=("Parfait, c'est exactement ça. Merci !", "Testé avec les vraies données, tout est juste. Merci."),
        thanks=("merci", "ok merci"),
        complaints=("Ça ne marche toujours pas ! Tu disais que c'était fini.", "Non, c'est pire qu'avant."),
        give_up=("Laisse tomber, je le fais à la main.", "Tant pis, je demande à un collègue."),
        accept=("Bon, on laisse le reste.", "Ça suffit pour aujourd'hui."),
        chat=("juste par curiosité, tu sais faire quoi ?", "intéressant. et encore ?"),
        intros=("Je regarde d'abord {file}.", "Bien sûr. Je vérifie l'état actuel."),
        narration=("Je lis {file}.", "Voici la modification.", "Je l'essaie.", "Je cherche les usages de `{fn}`."),
        done=(
            "C'est fait. La cause : `{field}` est parfois vide ; `{fn}` le traite maintenant à part.",
            "Terminé, {file} est adapté.",
        ),
        partial=("Une partie est faite. La seconde liste manque, faute de données.",),
        failed=("Je n'ai pas réussi. L'erreur ne vient pas de {file}.",),
        details=(
            "Dans {n} cas le champ était vide ; ils sont listés à part.",
            "L'existant ne change pas, le nouveau suit la règle de `{fn}`.",
        ),
    ),
    "ja": Phrasebook(
        openings={
            "fix": (
                "昨日まで動いていたのに、急に動かなくなりました。直してもらえますか?",
                "{file} で、リストが空のときだけ `{field}` が二重に計算されます。"
                "先に原因を確かめてから、最小限の修正をお願いします。",
            ),
            "build": (
                "一覧の画面と、ダウンロードのボタンがほしいです。作れますか?",
                "`{fn}` に許容差つきの照合を追加してください。依存は増やさず、呼び出し側はそのままで。",
            ),
            "operate": (
                "新しいパソコンで使えるようにしたいです。やり方がわかりません。",
                "夜間ジョブを新しいサーバーへ停止なしで移し、一つのコマンドで戻せるようにしてください。",
            ),
            "communicate": (
                "日程変更のお知らせを、やさしい言葉で書いてください。",
                "監査向けの文書の草案をお願いします。{file} の期限を一文目に。約束はしないでください。",
            ),
            "other": (
                "{file} は何をしているのか、簡単に教えてください。",
                "{file} を読んで、`{fn}` の呼び出し元と、順序に依存する箇所を挙げてください。変更は不要です。",
            ),
        },
        next=("もう一つのリストも同じようにお願いします。", "日付の列を足してください。", "CSV で保存できますか?"),
        expert=(
            "違います。端数は合計ではなく行ごとに丸めます。そうしないと照合が合いません。",
            "年またぎの週番号のところだけ、重点的に確認してください。",
        ),
        novice=("ターミナルとは何ですか?", "本当に大丈夫ですか?", "ファイルはどこにありますか?"),
        nudges=("はい", "続けてください", "お願いします"),
        approvals=("完璧です。ありがとうございます!", "実データで確認しました。合っています。"),
        thanks=("ありがとう", "了解です"),
        complaints=("まだ動きません。直ったと言いましたよね?", "いいえ、前より悪くなりました。"),
        give_up=("もういいです。手でやります。", "あきらめます。同僚に聞きます。"),
        accept=("では残りは今度にしましょう。", "今日はここまでで十分です。"),
        chat=("試しに使っているだけです。何ができますか?", "面白いですね。ほかには?"),
        intros=("まず {file} を確認します。", "はい。現在の状態を見てみます。"),
        narration=("{file} を読みます。", "修正します。", "実行してみます。", "`{fn}` の使用箇所を探します。"),
        done=(
            "完了しました。原因は `{field}` が空の場合でした。`{fn}` で処理するようにしました。",
            "{file} の修正が終わりました。",
        ),
        partial=("一部だけ完了しました。二つ目のリストは情報が足りないため、まだです。",),
        failed=("申し訳ありません、解決できませんでした。原因は {file} の外にあるようです。",),
        details=("空の項目は {n} 件ありました。別の一覧にしてあります。", "既存のデータは変わりません。"),
    ),
    "zh": Phrasebook(
        openings={
            "fix": (
                "昨天还好好的,今天就不能用了,不知道为什么,帮我修一下",
                "{file} 里列表为空时 `{field}` 会被重复计算。先确认原因,再做最小的修改。",
            ),
            "build": (
                "我想要一个能看到全部记录的页面,还要一个导出按钮,可以吗?",
                "给 `{fn}` 增加带容差的对账,不加新依赖,调用方不能受影响。",
            ),
            "operate": (
                "怎么在我的新电脑上装这个?我不懂这些",
                "把夜间任务迁到新服务器,不停机,并且能用一条命令回退。",
            ),
            "communicate": (
                "帮我写一封客气的邮件,告诉大家时间改了",
                "给审计写一份说明:就事论事,不作承诺,第一句写 {file} 里的期限。",
            ),
            "other": (
                "{file} 是做什么的?请用简单的话解释",
                "读一遍 {file}:谁调用 `{fn}`,谁依赖顺序?不要改动。",
            ),
        },
        next=("另一个列表也这样做", "再加一列日期", "能存成 CSV 吗?"),
        expert=("不对,要按行取整,不能对合计取整,否则对不上。", "重点检查跨年的那一周。"),
        novice=("终端是什么?", "你确定是对的吗?", "文件在哪里?"),
        nudges=("好", "继续", "可以"),
        approvals=("太好了,就是我要的,谢谢!", "用真实数据核对过了,完全一致。"),
        thanks=("谢谢", "好的"),
        complaints=("还是不行!你说已经修好了。", "不对,比之前更糟了。"),
        give_up=("算了,我自己手工做。", "不弄了,我去问同事。"),
        accept=("那剩下的以后再说。", "今天先到这里就够了。"),
        chat=("随便试试,你能做什么?", "有意思,还有呢?"),
        intros=("我先看一下 {file}。", "好的,我先确认目前的状态。"),
        narration=("我来读 {file}。", "现在修改。", "运行一下看看。", "查找 `{fn}` 的使用位置。"),
        done=("已完成。原因是 `{field}` 有时为空,现在由 `{fn}` 处理。", "{file} 已经改好。"),
        partial=("完成了一部分。第二个列表缺少信息,还没有做。",),
        failed=("抱歉,没能解决。错误不在 {file} 里。",),
        details=("有 {n} 条记录为空,已单独列出。", "原有数据不变。"),
    ),
}
